// The few numbers that most readers come for, in one row of tiles.
import { type DataSurvey, referenceReading } from '../../survey/index.ts';
import { type Html, html } from '../html.ts';
import { count, MISSING, percent, significant } from '../number.ts';
import { NORMS } from '../words.ts';

interface Tile {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

const UNKNOWN = { value: MISSING, note: 'not measured' } as const;

/** Each tile leads to its section. */
export function glance(survey: DataSurvey): Html {
  const tiles = [
    ['data', size(survey)],
    ['dimensions', dimension(survey)],
    ['dimensions', parameters(survey)],
    ['noise', noise(survey)],
    ['separation', radius(survey)],
    ['isoperimetry', isoperimetry(survey)],
  ] as const;
  const items = tiles.map(
    ([id, { name, value, note }]) =>
      html`<li><a href="#${id}"><span>${name}</span> <strong>${value}</strong> <small>${note}</small></a></li>\n`,
  );
  return html`<nav aria-label="At a glance"><ul class="tiles">
${items}</ul></nav>
`;
}

function size({ data }: DataSurvey): Tile {
  return { name: 'Points', value: count(data.points), note: `of ${count(data.features)} features` };
}

function dimension({ law }: DataSurvey): Tile {
  const entry = 'value' in law ? referenceReading(law.value.asks) : undefined;
  if (!entry) return { name: 'Dimension', ...UNKNOWN };
  return { name: 'Dimension', value: significant(entry.dimension.value), note: entry.name };
}

function parameters({ law }: DataSurvey): Tile {
  const entry = 'value' in law ? referenceReading(law.value.asks) : undefined;
  const name = 'Parameters for a robust fit';
  if (!entry) return { name, ...UNKNOWN };
  return {
    name,
    value: significant(entry.parameters.value, 'nearest', 2),
    note: 'order of magnitude: n times the dimension',
  };
}

function noise({ noise: one }: DataSurvey): Tile {
  if (!('value' in one)) return { name: 'Noise', ...UNKNOWN };
  const { level, readings } = one.value;
  return {
    name: 'Noise of the labels',
    value: significant(level.value),
    note: `${significant(level.interval[0])} to ${significant(level.interval[1])}; ${readings[0]!.name}`,
  };
}

function radius({ separation }: DataSurvey): Tile {
  const name = `Largest robust radius, ${NORMS.l2}`;
  const one = 'value' in separation ? separation.value.find(({ norm }) => norm === 'l2') : undefined;
  if (!one) return { name, ...UNKNOWN };
  return {
    name,
    value: `${one.exhaustive ? '' : '\u2264\u202F'}${significant(one.robustRadius)}`,
    note: 'half of the least distance between classes',
  };
}

function isoperimetry({ isoperimetry: one }: DataSurvey): Tile {
  if (!('value' in one)) return { name: 'Isoperimetry', ...UNKNOWN };
  const { overall } = one.value;
  return {
    name: 'Isoperimetry',
    value: overall.verdict.kind,
    note: overall.c
      ? `c = ${significant(overall.c.value)}, ${percent(Number(overall.c.confidence.toPrecision(2)))} interval`
      : 'no constant',
  };
}
