// Certificates of rows in one norm, within the time there is: cheap ones of all rows, then the dear ones row by row.
import type { CertifiedRadius, Certifier } from '../certificates/index.ts';
import { afterSeconds, type Stop } from '../stop.ts';
import type { Certified } from './robustness.ts';
import { rowOf } from './rows.ts';

/** The part of the time for a bound that branch and bound at one radius of one row may take. */
const SPLITTING = 1 / 10;

/** The part of the time left that the first row may take: what a row needs is not known before it. */
const FIRST = 1 / 2;

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

interface Refuted {
  readonly index: number;
  readonly point: Float32Array;
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
 *
 * @returns a radius for every row; how many were `cut` short and, in the end, not `begun`.
 */
export function certifyRows(
  certifier: Certifier,
  { points, labels, radii, found, known, boundSeconds }: Wanted,
  seconds: number,
  stop: Stop,
): { certified: Certified[]; refuted: Refuted[]; cut: number; notBegun: number } {
  const start = performance.now();
  const spent = () => (performance.now() - start) / 1e3;
  const count = found.length;
  const certified = known.map(certifiedOf);
  const refuted: Refuted[] = [];
  let cut = 0;
  for (let i = 0; i < count; i++) {
    if (stop()) return { certified, refuted, cut, notBegun: count - i };
    const point = rowOf(points, points.length / count, i);
    const label = rowOf(labels, labels.length / count, i);
    const began = spent();
    const left = seconds - began;
    const even = left / (count - i);
    const late = afterSeconds(Math.max(even, Math.min(left, i === 0 ? FIRST * left : began / i)));
    let wasCut = false;
    const end: Stop = () => {
      wasCut ||= stop() || late();
      return wasCut;
    };
    const best = certifier.radius(point, label, 0, end, known[i]);
    certified[i] = certifiedOf(best);
    const open = radii.filter((one) => one > best.radius && one < found[i]!);
    for (const [k, one] of open.entries()) {
      const rest = even - (spent() - began);
      const share = Math.min(SPLITTING * boundSeconds, rest / (open.length - k));
      if (!(share > 0) || wasCut) break;
      const verdict = certifier.at(point, label, one, share, end, best);
      if (verdict.kind === 'proven') certified[i] = { radius: one, method: verdict.method! };
      if (verdict.kind === 'refuted')
        refuted.push({ index: i, point: Float32Array.from(verdict.counterexample!) });
      if (verdict.kind !== 'proven') break;
    }
    if (wasCut) cut++;
  }
  return { certified, refuted, cut, notBegun: 0 };
}
