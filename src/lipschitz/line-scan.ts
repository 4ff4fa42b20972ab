// The pieces of a piecewise linear function along a line, found by intersecting tangents (after Eisner and Severance
// 1976, "Mathematical techniques for efficient record segmentation").
import type { Norm } from '../guarantee/index.ts';
import { dual, length } from './norms.ts';
import type { Oracle } from './oracle.ts';

/** A point and the dual norm of the gradient of <u, f> there. */
export interface SteepPoint {
  readonly point: Float64Array;
  readonly stretch: number;
}

interface Sample {
  readonly t: number;
  readonly stretch: number;
  readonly value: number;
  /** d/dt of the value. */
  readonly slope: number;
}

/** Where the line is first looked at, in multiples of the scale: close together near the point, then ever wider. */
const GRID = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 8, 16, 64, 1e3, 1e6];
const MOST_ROUNDS = 16;
/** A line through R^1 is all of it and worth exploring to the end; elsewhere many lines are better than one. */
const MOST_SAMPLES = { whole: 4096, line: 192 };
/** Values agree with a tangent up to this fraction of their size: rounding, not a kink. */
const TOLERANCE = 1e-12;

/**
 * The steepest point met on the line x + t v for the function <u, f>. Between two samples whose tangents differ, the next
 * one is taken where they cross; if the function passes through the crossing, both pieces are known. A function with
 * few enough kinks is explored completely.
 */
export async function scanLine(
  oracle: Oracle,
  x: Float64Array,
  v: Float64Array,
  u: Float64Array,
  scale: number,
  norm: Norm,
): Promise<SteepPoint> {
  const sample = (ts: readonly number[]) => sampleLine(oracle, x, v, u, ts, norm);
  let samples = await sample([...GRID.map((t) => -t * scale).reverse(), 0, ...GRID.map((t) => t * scale)]);
  let best = steepest(samples);
  let open = samples.slice(1).map((right, i): readonly [Sample, Sample] => [samples[i]!, right]);
  let taken = samples.length;
  const most = x.length === 1 ? MOST_SAMPLES.whole : MOST_SAMPLES.line;
  for (let round = 0; round < MOST_ROUNDS && taken < most; round++) {
    const split = open
      .map(([left, right]) => ({ left, right, t: nextSample(left, right) }))
      .filter((gap): gap is { left: Sample; right: Sample; t: number } => gap.t !== undefined);
    if (split.length === 0) break;
    samples = await sample(split.map(({ t }) => t));
    taken += samples.length;
    best = steepest([best, ...samples]);
    open = split.flatMap(({ left, right }, i): (readonly [Sample, Sample])[] => {
      const middle = samples[i]!;
      const passesThroughCrossing = onTangent(left, middle) && onTangent(right, middle);
      return passesThroughCrossing
        ? []
        : [
            [left, middle],
            [middle, right],
          ];
    });
  }
  return { point: x.map((p, j) => p + best.t * v[j]!), stretch: best.stretch };
}

/** Where to look between two samples: the crossing of their tangents, else the middle; undefined if one line joins them. */
function nextSample(left: Sample, right: Sample): number | undefined {
  const middle = (left.t + right.t) / 2;
  if (!(middle > left.t && middle < right.t)) return undefined;
  const bend = left.slope - right.slope;
  if (Math.abs(bend) <= TOLERANCE * Math.max(Math.abs(left.slope), Math.abs(right.slope)))
    return onTangent(left, right) ? undefined : middle;
  const crossing = left.t + (right.value - left.value - right.slope * (right.t - left.t)) / bend;
  return crossing > left.t && crossing < right.t ? crossing : middle;
}

/** Whether `other` lies on the tangent at `sample`, up to rounding. */
function onTangent(sample: Sample, other: Sample): boolean {
  const rise = sample.slope * (other.t - sample.t);
  const size = Math.abs(sample.value) + Math.abs(other.value) + Math.abs(rise);
  return Math.abs(other.value - sample.value - rise) <= TOLERANCE * size;
}

async function sampleLine(
  oracle: Oracle,
  x: Float64Array,
  v: Float64Array,
  u: Float64Array,
  ts: readonly number[],
  norm: Norm,
): Promise<Sample[]> {
  const d = oracle.features;
  const points = new Float64Array(ts.length * d);
  ts.forEach((t, i) => {
    for (let j = 0; j < d; j++) points[i * d + j] = x[j]! + t * v[j]!;
  });
  const { values, gradients } = await oracle.probe(points, u);
  return ts.map((t, i) => {
    const gradient = gradients.subarray(i * d, (i + 1) * d);
    return {
      t,
      value: values[i]!,
      slope: dot(gradient, v),
      stretch: length(gradient, dual(norm)),
    };
  });
}

function steepest(samples: readonly Sample[]): Sample {
  return samples.reduce((best, s) => (s.stretch > best.stretch ? s : best));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}
