// The pieces of a piecewise linear function along a line, found by intersecting tangents (after Eisner and Severance
// 1976, "Mathematical techniques for efficient record segmentation").
import type { Norm } from '../../guarantee/index.ts';
import { dual, length } from '../norms.ts';
import type { Candidate } from './candidates.ts';
import { joined, type Oracle } from './oracle.ts';
import { chord, feasible, project, type Region } from './region.ts';

interface Sample {
  readonly t: number;
  readonly candidate: Candidate;
  /** <u, f>. */
  readonly height: number;
  /** d/dt of the height. */
  readonly slope: number;
}

/** Where a line is first looked at, in multiples of the scale: close together near the point, then ever wider. */
const COARSE = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 8, 16, 64, 1e3, 1e6];
/** The same for a line that is the whole space: between two points where the function is flat there may be a bump. */
const FINE = Array.from({ length: 960 }, (_, i) => 2 ** ((i - 320) / 32));
/** In a bounded region: fractions of the way to its boundary. */
const FRACTIONS = [1 / 64, 1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 5 / 8, 3 / 4, 7 / 8, 1];
const FINE_FRACTIONS = Array.from({ length: 960 }, (_, i) => (i + 1) / 960);
const MOST_ROUNDS = 16;
/** A line through R^1 is worth exploring to the end; elsewhere many lines are better than one. */
const MOST_SAMPLES = { whole: 8192, line: 192, least: 24 };
/** Operations that one line may take. */
const MOST_WORK = 1e10;

/**
 * The steepest point met on the line x + t v, x the point of `from`, for its function <u, f>, within the region; v is the
 * direction `along`, turned inwards where x lies on the boundary. Between
 * two samples whose tangents differ, the next ones are taken where they cross and half way; if these show one kink, both
 * pieces are known. A function with few enough kinks is explored completely, but for bumps between two samples on one
 * line.
 */
export async function scanLine(
  oracle: Oracle,
  from: Candidate,
  along: Float64Array,
  region: Region,
  scale: number,
  norm: Norm,
): Promise<Candidate> {
  const v = feasible(region, from.point, along, scale);
  const sample = (ts: readonly number[]) => sampleLine(oracle, from, v, ts, region, norm);
  const whole = oracle.features === 1;
  const [first, last] = chord(region, from.point, v);
  const forwards = grid(last, scale, whole);
  const backwards = grid(-first, scale, whole);
  const samples = await sample([...backwards.map((t) => -t).reverse(), 0, ...forwards]);
  let best = steepest(samples);
  let open = gaps(samples);
  let taken = samples.length;
  const allowed = Math.max(MOST_SAMPLES.least, MOST_WORK / oracle.work);
  const most = Math.min(whole ? MOST_SAMPLES.whole : MOST_SAMPLES.line, allowed);
  for (let round = 0; round < MOST_ROUNDS && taken < most; round++) {
    const looks = open
      .map((gap) => ({ gap, ts: looksInto(gap, oracle.accuracy) }))
      .filter(({ ts }) => ts.length > 0);
    if (looks.length === 0) break;
    const found = await sample(looks.flatMap(({ ts }) => ts));
    taken += found.length;
    best = steepest([best, ...found]);
    let at = 0;
    open = looks.flatMap(({ gap: [left, right], ts }) => {
      const inside = found.slice(at, (at += ts.length));
      return isOneKink(left, inside, right, oracle.accuracy) ? [] : gaps([left, ...inside, right]);
    });
  }
  return best.candidate;
}

/** Where one half of the line is first looked at. */
function grid(end: number, scale: number, whole: boolean): number[] {
  if (end === Number.POSITIVE_INFINITY) return (whole ? FINE : COARSE).map((t) => t * scale);
  return end > 0 ? (whole ? FINE_FRACTIONS : FRACTIONS).map((t) => t * end) : [];
}

type Gap = readonly [left: Sample, right: Sample];

function gaps(samples: readonly Sample[]): Gap[] {
  return samples.slice(1).map((right, i) => [samples[i]!, right]);
}

/**
 * Where to look between two samples: the crossing of their tangents and half way to it from either side, else the middle;
 * nowhere if one line joins them.
 */
function looksInto([left, right]: Gap, accuracy: number): number[] {
  const middle = (left.t + right.t) / 2;
  if (!(middle > left.t && middle < right.t)) return [];
  if (sameSlope(left, right, accuracy)) return onTangent(left, right, accuracy) ? [] : [middle];
  const rise = right.height - left.height - right.slope * (right.t - left.t);
  const crossing = left.t + rise / (left.slope - right.slope);
  const looks = [(left.t + crossing) / 2, crossing, (crossing + right.t) / 2];
  return [left.t, ...looks].every((t, i) => t < [...looks, right.t][i]!) ? looks : [middle];
}

/** Whether three looks say that the tangents meet in one kink with nothing else between. */
function isOneKink(left: Sample, inside: readonly Sample[], right: Sample, accuracy: number): boolean {
  const [before, kink, after] = inside;
  if (!before || !kink || !after) return false;
  return (
    [before, kink].every((s) => onTangent(left, s, accuracy)) &&
    [kink, after].every((s) => onTangent(right, s, accuracy)) &&
    sameSlope(left, before, accuracy) &&
    sameSlope(after, right, accuracy)
  );
}

/** Slopes and values agree up to this fraction of their size: rounding, not a kink. */
function sameSlope(a: Sample, b: Sample, accuracy: number): boolean {
  return Math.abs(a.slope - b.slope) <= accuracy * Math.max(Math.abs(a.slope), Math.abs(b.slope));
}

/** Whether `other` lies on the tangent at `sample`, up to rounding. */
function onTangent(sample: Sample, other: Sample, accuracy: number): boolean {
  const rise = sample.slope * (other.t - sample.t);
  const size = Math.abs(sample.height) + Math.abs(other.height) + Math.abs(rise);
  return Math.abs(other.height - sample.height - rise) <= accuracy * size;
}

async function sampleLine(
  oracle: Oracle,
  { point: x, u }: Candidate,
  v: Float64Array,
  ts: readonly number[],
  region: Region,
  norm: Norm,
): Promise<Sample[]> {
  const points = ts.map((t) =>
    project(
      region,
      x.map((p, j) => p + t * v[j]!),
    ),
  );
  const { values, gradients } = await oracle.pull(joined(points), joined(ts.map(() => u)));
  const { features: d, outputs: m } = oracle;
  return ts.map((t, i) => {
    const gradient = gradients.subarray(i * d, (i + 1) * d);
    const value = values.subarray(i * m, (i + 1) * m);
    return {
      t,
      candidate: { point: points[i]!, u, value, gradient, stretch: length(gradient, dual(norm)) },
      height: dot(value, u),
      slope: dot(gradient, v),
    };
  });
}

function steepest(samples: readonly Sample[]): Sample {
  return samples.reduce((best, s) => (s.candidate.stretch > best.candidate.stretch ? s : best));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}
