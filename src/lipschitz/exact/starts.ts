// Points from which a search from below starts.
import { normal, type Rng, uniform } from '../../random/index.ts';
import { type Arrangement, firstStage } from './cells.ts';

/** Random points, and random steps from the best. */
const SAMPLES = 64;
const STEPS = 64;

/** A point of the domain, of finite coordinates. */
export function startOf({ lower, upper }: Arrangement): Float64Array {
  return lower.map((l, c) => {
    const u = upper[c]!;
    if (Number.isFinite(l) && Number.isFinite(u)) return Math.min(Math.max(l / 2 + u / 2, l), u);
    return Math.min(Math.max(0, l), u);
  });
}

/** About how far from 0 the first neurons bend: for coordinates in which the domain is infinite. */
export function scaleOf(cells: Arrangement): number {
  const { forms } = firstStage(cells);
  const n = forms.columns;
  let largest = 0;
  for (let i = 0; i < forms.rows; i++) {
    const gradient = forms.centre
      .subarray(i * n, (i + 1) * n - 1)
      .reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    for (const { from, to } of cells.pieces[0]?.[i] ?? []) {
      for (const end of [from, to]) {
        const distance = Math.abs(end - forms.centre[(i + 1) * n - 1]!) / gradient;
        if (Number.isFinite(distance)) largest = Math.max(largest, distance);
      }
    }
  }
  return largest > 0 ? largest : 1;
}

/** Random points of the domain, at several distances where it is infinite. */
export function randomPoints(cells: Arrangement, scale: number, rng: Rng): Float64Array[] {
  const { lower, upper } = cells;
  return Array.from({ length: SAMPLES }, (_, s) => {
    const inside = uniform(rng.split('inside').split(s), lower.length);
    const outside = normal(rng.split('outside').split(s), lower.length);
    return lower.map((l, c) => {
      const u = upper[c]!;
      const wide = scale * 4 ** (s % 4) * outside[c]!;
      const v = Number.isFinite(l) && Number.isFinite(u) ? l + inside[c]! * (u - l) : wide;
      return Math.min(Math.max(v, l), u);
    });
  });
}

/** Random steps from the middle of a pair, shorter and shorter. */
export function stepsFrom(
  { lower, upper }: Arrangement,
  scale: number,
  rng: Rng,
): ((pair: { readonly a: Float64Array; readonly b: Float64Array }) => Float64Array)[] {
  return Array.from({ length: STEPS }, (_, s) => ({ a, b }) => {
    const step = normal(rng.split(s), lower.length);
    return a.map((v, c) => {
      const middle = v / 2 + b[c]! / 2;
      const width = upper[c]! - lower[c]!;
      const reach = Number.isFinite(width) ? width : Math.max(scale, Math.abs(middle));
      return Math.min(Math.max(middle + 2 ** -(s % 12) * reach * step[c]!, lower[c]!), upper[c]!);
    });
  });
}
