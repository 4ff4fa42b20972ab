// The few numbers that most readers come for, in one row of tiles.
import type { AuditResult } from '../../audit/index.ts';
import { type Html, html } from '../html.ts';
import { count, MISSING, significant } from '../number.ts';
import { NORMS } from '../words.ts';
import { distanceText } from './boundary.ts';
import { curveAt, robustnessCurve } from './curve.ts';
import { boundsText } from './lipschitz.ts';
import { radiusText, share, shares } from './words.ts';

interface Tile {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

/** Each tile leads to its section. */
export function glance(result: AuditResult): Html {
  const tiles = [
    ['subject', accuracy(result)],
    ...result.robustness.map((entry) => ['robust-accuracy', robust(result, entry)] as const),
    ['lipschitz', lipschitz(result)],
    ['memorization', memorization(result)],
    ['law', size(result)],
  ] as const;
  const items = tiles.map(
    ([id, { name, value, note }]) =>
      html`<li><a href="#${id}"><span>${name}</span> <strong>${value}</strong> <small>${note}</small></a></li>\n`,
  );
  return html`<nav aria-label="At a glance"><ul class="tiles">
${items}</ul></nav>
`;
}

const UNKNOWN = { value: MISSING, note: 'not measured' } as const;

function accuracy({ accuracy: one }: AuditResult): Tile {
  const name = 'Accuracy';
  if (!('value' in one)) return { name, ...UNKNOWN };
  const { correct, points } = one.value.all;
  return { name, value: share(correct, points), note: `${count(correct)} of ${count(points)}` };
}

/** At the first radius asked for; without one, the median distance to the boundary. */
function robust({ stability }: AuditResult, { norm, result: one }: AuditResult['robustness'][number]): Tile {
  const name = `Robust accuracy, ${NORMS[norm]}`;
  if (!('value' in one) || one.value.points.length === 0) return { name, ...UNKNOWN };
  const [first] = one.value.ensembles;
  if (!first) {
    const median = stability.find((entry) => entry.norm === norm)?.median;
    return {
      name: `Median distance, ${NORMS[norm]}`,
      value: median ? distanceText(...median) : MISSING,
      note: 'to the nearest wrong answer: proven to found',
    };
  }
  const curve = robustnessCurve(one.value.points);
  const at = curveAt(curve, first.radius);
  const least = Math.max(at.certified, first.certified);
  const most = Math.min(at.attacked, first.robust);
  return {
    name,
    value: shares(least, most, curve.points),
    note: `at radius ${radiusText(first.radius)}: proven to attacked`,
  };
}

function lipschitz({ lipschitz: one }: AuditResult): Tile {
  const name = 'Lipschitz constant';
  const all = 'value' in one ? one.value : [];
  const first = all.find(({ norm }) => norm === 'l2') ?? all[0];
  if (!first) return { name, ...UNKNOWN };
  return { name, value: boundsText(first.lower, first.upper), note: `${NORMS[first.norm]}, ${first.domain}` };
}

const FITS = { yes: 'yes', no: 'no', undecided: 'undecided' } as const;

function memorization({ memorization: one }: AuditResult): Tile {
  const name = 'Fits noise';
  if (!('value' in one)) return { name, ...UNKNOWN };
  const { correct, points } = one.value.perfect;
  return {
    name,
    value: FITS[one.value.fitsBelowNoise],
    note: `${share(correct, points)} of the labels reproduced`,
  };
}

/** P / (n d) over the dimensions: which of them counts is open. */
function size({ law: one }: AuditResult): Tile {
  const name = 'Size for a robust fit';
  const ratios = 'value' in one ? one.value.dimensions.map(({ ratio }) => ratio) : [];
  if (ratios.length === 0) return { name, ...UNKNOWN };
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) =>
    significant(ratio, 'nearest', 2),
  );
  return {
    name,
    value: `${low === high ? low : `${low} to ${high}`}\u202F\u00D7`,
    note: 'parameters, of what the law asks',
  };
}
