// Certificates of rows in one norm, within the time there is.
import type { Certifier } from '../certificates/index.ts';
import type { Stop } from '../stop.ts';
import type { Certified } from './robustness.ts';
import { rowOf } from './rows.ts';

/** The part of the time for a bound that branch and bound at one radius of one row may take. */
const SPLITTING = 1 / 10;

/** Radii, points they are wanted for, and what attacks have found. */
interface Wanted {
  readonly points: Float32Array;
  readonly labels: Float32Array;
  readonly radii: readonly number[];
  readonly found: readonly number[];
  readonly boundSeconds: number;
}

interface Refuted {
  readonly index: number;
  readonly point: Float32Array;
}

/**
 * The largest proven radius of each row. Branch and bound is asked at those of `radii` that are neither proven by cheaper
 * means nor broken by an attack; where it meets a counterexample instead, that is returned.
 *
 * Rows share the time evenly; rows that it does not suffice for are left out at the end.
 */
export function certifyRows(
  certifier: Certifier,
  { points, labels, radii, found, boundSeconds }: Wanted,
  seconds: number,
  stop: Stop,
): { certified: Certified[]; refuted: Refuted[] } {
  const start = performance.now();
  const count = found.length;
  const certified: Certified[] = [];
  const refuted: Refuted[] = [];
  for (let i = 0; i < count && !stop(); i++) {
    const point = rowOf(points, points.length / count, i);
    const label = rowOf(labels, labels.length / count, i);
    const { radius, method } = certifier.radius(point, label, 0, stop);
    let best: Certified = { radius: Math.min(radius, Number.MAX_VALUE), method: method ?? 'none' };
    const open = radii.filter((one) => one > radius && one < found[i]!);
    const left = seconds - (performance.now() - start) / 1e3;
    const share = Math.min(SPLITTING * boundSeconds, left / (count - i) / Math.max(1, open.length));
    for (const one of open) {
      const verdict = certifier.at(point, label, one, Math.max(0, share), stop);
      if (verdict.kind === 'proven') best = { radius: one, method: verdict.method! };
      if (verdict.kind === 'refuted')
        refuted.push({ index: i, point: Float32Array.from(verdict.counterexample!) });
      if (verdict.kind !== 'proven') break;
    }
    certified.push(best);
  }
  return { certified, refuted };
}
