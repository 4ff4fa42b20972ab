// Certificates of rows in one norm, within the time there is: cheap ones of all rows, then the dear ones row by row.
import type { CertifiedRadius, Certifier } from '../certificates/index.ts';
import { afterSeconds, type Stop } from '../stop.ts';
import { rowOf } from './rows.ts';

/** The part of the time for a bound that branch and bound at one radius of one row may take. */
const SPLITTING = 1 / 10;

/** The part of the time left that the first row may take: what a row needs is not known before it. */
const FIRST = 1 / 2;

/** What is proven about one row. */
export interface Certified {
  /** The largest proven radius. */
  readonly radius: number;
  readonly method: string;
}

export const NOT_CERTIFIED: Certified = { radius: 0, method: 'none' };

/** Rows in one norm. */
interface Points {
  readonly points: Float32Array;
  readonly labels: Float32Array;
}

/** Radii that are wanted, what attacks have found, and what cheap certificates have proven. */
interface Wanted extends Points {
  readonly radii: readonly number[];
  readonly found: readonly number[];
  readonly known: readonly CertifiedRadius[];
  readonly boundSeconds: number;
}

/** How far the search for a certificate of one row came. */
export interface RowSearch {
  readonly certified: Certified;
  /** Cut by the time that there was: with more of it, more might be proven. */
  readonly ended: 'whole' | 'cut' | 'not begun';
  /** A harmful point that branch and bound came upon instead of a proof. */
  readonly counterexample?: Float32Array;
}

/** What is proven of one row, as plain numbers. */
export function certifiedOf({ radius, method }: CertifiedRadius): Certified {
  return { radius: Math.min(radius, Number.MAX_VALUE), method: method ?? 'none' };
}

/** The radii that constants and interval bounds prove of the rows; fewer than rows after `stop`. */
export function certifyCheaply(
  certifier: Certifier,
  { points, labels }: Points,
  count: number,
  stop: Stop,
): CertifiedRadius[] {
  const proven: CertifiedRadius[] = [];
  for (let i = 0; i < count && !stop(); i++) {
    const point = rowOf(points, points.length / count, i);
    proven.push(certifier.cheapRadius(point, rowOf(labels, labels.length / count, i)));
  }
  return proven;
}

/**
 * The largest proven radius of each row. Branch and bound is asked at those of `radii` that are neither proven by cheaper
 * means nor broken by an attack; where it meets a counterexample instead, that is returned.
 *
 * Rows share the time evenly, except that a row that is begun may take as long as those before it took on average: where the
 * time does not suffice for all, some are searched to the end rather than none. Of the others what is known stays.
 */
export function certifyRows(
  certifier: Certifier,
  { points, labels, radii, found, known, boundSeconds }: Wanted,
  seconds: number,
  stop: Stop,
): RowSearch[] {
  const start = performance.now();
  const spent = () => (performance.now() - start) / 1e3;
  const count = found.length;
  const wholeShare = SPLITTING * boundSeconds;
  return found.map((nearest, i): RowSearch => {
    if (stop()) return { certified: certifiedOf(known[i]!), ended: 'not begun' };
    const point = rowOf(points, points.length / count, i);
    const label = rowOf(labels, labels.length / count, i);
    const began = spent();
    const left = seconds - began;
    const even = left / (count - i);
    const late = afterSeconds(Math.max(even, Math.min(left, i === 0 ? FIRST * left : began / i)));
    let cut = false;
    const end: Stop = () => {
      cut ||= stop() || late();
      return cut;
    };
    const best = certifier.radius(point, label, 0, end, known[i]);
    let certified = certifiedOf(best);
    let counterexample: Float32Array | undefined;
    const open = radii.filter((one) => one > best.radius && one < nearest);
    for (const [k, one] of open.entries()) {
      const rest = even - (spent() - began);
      const share = Math.min(wholeShare, rest / (open.length - k));
      const verdict =
        share > 0 && !cut ? certifier.at(point, label, one, share, end, best) : ({ kind: 'open' } as const);
      if (verdict.kind === 'proven') certified = { radius: one, method: verdict.method! };
      if (verdict.kind === 'refuted') counterexample = Float32Array.from(verdict.counterexample!);
      // What stays open in less than the whole share might not in all of it.
      if (verdict.kind === 'open') cut ||= share < wholeShare;
      if (verdict.kind !== 'proven') break;
    }
    return { certified, ended: cut ? 'cut' : 'whole', ...(counterexample && { counterexample }) };
  });
}
