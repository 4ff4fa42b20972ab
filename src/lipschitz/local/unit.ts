// What linear bound propagation needs of an elementwise map: its range and two lines around its graph on an interval.
// Activations of any kind (as CROWN, Zhang et al. 2018, does for each by hand), factors from an interval (the bound on
// s g of Shi et al. 2022), and absolute values.
import type { Activation, Range } from '../../intervals/index.ts';
import { addDown, addUp, multiplyDown, multiplyUp, nextUp } from '../../numeric/index.ts';

/** lowerSlope z + lowerIntercept <= h(z) <= upperSlope z + upperIntercept. */
export interface Lines {
  readonly lowerSlope: number;
  readonly lowerIntercept: number;
  readonly upperSlope: number;
  readonly upperIntercept: number;
}

export interface Unit {
  /** Encloses h([low, high]), rounding included. */
  readonly range: (low: number, high: number) => Range;
  /** Lines that hold in real arithmetic for all z in [low, high]. */
  readonly lines: (low: number, high: number) => Lines;
  /** Other such lines, as flat as can be, which often win deep in a network. */
  readonly flatLines?: (low: number, high: number) => Lines;
  /** True when a narrower interval gives the same lines. */
  readonly settled: (low: number, high: number) => boolean;
}

type Wanted = 'least area' | 'flat';

/** A smooth activation is followed on so many parts of the interval. */
const PARTS = 16;

/**
 * The activation h, from its slopes alone: between two points where h is known, it lies in the parallelogram of its
 * least and largest slope there. The corners of all parallelograms give a polygon around the graph, which for piecewise linear
 * activations is the graph itself. The lines continue those edges of its hull that pass the middle of the interval, which
 * makes the area between them least; the flat ones touch the hull with the slope nearest zero. Of ReLU, the upper line is
 * the chord, and the lower one 0 or z, whichever is nearer; the flat one 0.
 */
export function activationUnit(activation: Activation): Unit {
  return {
    range: activation.rangeOn,
    lines: (low, high) => linesAround(activation, low, high, 'least area'),
    flatLines: (low, high) => linesAround(activation, low, high, 'flat'),
    settled: (low, high) => {
      const [a, b] = activation.slopesOn(low, high);
      return a === b;
    },
  };
}

/** z -> s z with an unknown factor s in [a, b]. */
export function factorUnit([a, b]: Range): Unit {
  const least = (z: number) => (z >= 0 ? multiplyDown(a, z) : multiplyDown(b, z));
  const largest = (z: number) => (z >= 0 ? multiplyUp(b, z) : multiplyUp(a, z));
  return {
    range: (low, high) => [Math.min(least(low), least(high)), Math.max(largest(low), largest(high))],
    lines: (low, high) => {
      if (low >= 0) return { lowerSlope: a, lowerIntercept: 0, upperSlope: b, upperIntercept: 0 };
      if (high <= 0) return { lowerSlope: b, lowerIntercept: 0, upperSlope: a, upperIntercept: 0 };
      if (!Number.isFinite(high - low)) return flat([-Infinity, Infinity]);
      // The chord of max(a z, b z) above, of min(a z, b z) below.
      const upperSlope = clamp(chordSlope(low, a * low, high, b * high), a, b);
      const lowerSlope = clamp(chordSlope(low, b * low, high, a * high), a, b);
      return {
        upperSlope,
        upperIntercept: Math.max(
          0,
          addUp(largest(low), -multiplyDown(upperSlope, low)),
          addUp(largest(high), -multiplyDown(upperSlope, high)),
        ),
        lowerSlope,
        lowerIntercept: Math.min(
          0,
          addDown(least(low), -multiplyUp(lowerSlope, low)),
          addDown(least(high), -multiplyUp(lowerSlope, high)),
        ),
      };
    },
    settled: (low, high) => a === b || low >= 0 || high <= 0,
  };
}

/** z -> z. */
export const IDENTITY: Unit = {
  range: (low, high) => [low, high],
  lines: () => ({ lowerSlope: 1, lowerIntercept: 0, upperSlope: 1, upperIntercept: 0 }),
  settled: () => true,
};

/** z -> |z|. */
export const ABSOLUTE: Unit = {
  range: (low, high) => [low >= 0 ? low : high <= 0 ? -high : 0, Math.max(Math.abs(low), Math.abs(high))],
  lines: (low, high) => {
    if (low >= 0) return { lowerSlope: 1, lowerIntercept: 0, upperSlope: 1, upperIntercept: 0 };
    if (high <= 0) return { lowerSlope: -1, lowerIntercept: 0, upperSlope: -1, upperIntercept: 0 };
    if (!Number.isFinite(high - low)) return flat([0, Infinity]);
    const upperSlope = chordSlope(low, -low, high, high);
    const upperIntercept = Math.max(
      addUp(-low, -multiplyDown(upperSlope, low)),
      addUp(high, -multiplyDown(upperSlope, high)),
    );
    return { lowerSlope: high > -low ? 1 : -1, lowerIntercept: 0, upperSlope, upperIntercept };
  },
  settled: (low, high) => low >= 0 || high <= 0,
};

function linesAround(activation: Activation, low: number, high: number, wanted: Wanted): Lines {
  const [a, b] = activation.slopesOn(low, high);
  if (low === high || !Number.isFinite(high - low) || !Number.isFinite(b - a)) {
    return flat(activation.rangeOn(low, high));
  }
  const { above, below } = polygon(activation, low, high);
  const steepness =
    wanted === 'flat' ? flattest : (hull: readonly Point[]) => slopeAt(hull, 0.5 * low + 0.5 * high);
  const upperSlope = clamp(-steepness(hullOf(above.map(([z, v]) => [z, -v]))), a, b);
  const lowerSlope = clamp(steepness(hullOf(below)), a, b);
  return {
    upperSlope,
    upperIntercept: Math.max(...above.map(([z, v]) => addUp(v, -multiplyDown(upperSlope, z)))),
    lowerSlope,
    lowerIntercept: Math.min(...below.map(([z, v]) => addDown(v, -multiplyUp(lowerSlope, z)))),
  };
}

const flat = ([low, high]: Range): Lines => ({
  lowerSlope: 0,
  lowerIntercept: low,
  upperSlope: 0,
  upperIntercept: high,
});

type Point = readonly [z: number, value: number];

/** Polylines above and below the graph, from left to right. */
function polygon(activation: Activation, low: number, high: number): { above: Point[]; below: Point[] } {
  const nodes = nodesOf(activation, low, high);
  let from = valueAt(activation, low);
  const above: Point[] = [[low, from[1]]];
  const below: Point[] = [[low, from[0]]];
  for (let i = 1; i < nodes.length; i++) {
    const [p, q] = [nodes[i - 1]!, nodes[i]!];
    const to = valueAt(activation, q);
    const [a, b] = activation.slopesOn(p, q);
    if (b > a) {
      above.push(upperCorner(p, from[1], q, to[1], a, b));
      const [z, value] = upperCorner(p, -from[0], q, -to[0], -b, -a);
      below.push([z, -value]);
    }
    above.push([q, to[1]]);
    below.push([q, to[0]]);
    from = to;
  }
  return { above, below };
}

/**
 * The corner above a graph with slopes in [a, b] through (p, from) and (q, to), where the lines of slope b from the left
 * and a from the right meet. Any point between p and q may stand for it when the larger of both lines is taken there: each
 * side of the polyline is then above its line.
 */
function upperCorner(p: number, from: number, q: number, to: number, a: number, b: number): Point {
  const z = clamp(p + (to - from - a * (q - p)) / (b - a), p, q);
  const fromLeft = addUp(from, productUp(b, addDown(z, -p), addUp(z, -p)));
  const fromRight = addUp(to, productUp(-a, addDown(q, -z), addUp(q, -z)));
  return [z, Math.max(fromLeft, fromRight)];
}

/** An upper bound on s t for all t in [low, high]. */
const productUp = (s: number, low: number, high: number): number => multiplyUp(s, s >= 0 ? high : low);

function nodesOf(activation: Activation, low: number, high: number): number[] {
  const inner = activation.pieces
    ? activation.pieces.breakpoints
    : Array.from({ length: PARTS - 1 }, (_, i) => low + ((high - low) * (i + 1)) / PARTS);
  const nodes = [low];
  for (const at of inner) if (at > nodes.at(-1)! && at < high) nodes.push(at);
  nodes.push(high);
  return nodes;
}

function valueAt(activation: Activation, z: number): Range {
  const value = activation.value(z);
  if (activation.relativeError === 0) return [value, value];
  const slack = nextUp(Math.abs(value) * activation.relativeError);
  return [addDown(value, -slack), addUp(value, slack)];
}

/** The corners of the largest convex function below the points, which come from left to right. */
function hullOf(points: readonly Point[]): Point[] {
  const hull: Point[] = [];
  for (const point of points) {
    while (hull.length >= 2 && !turnsUp(hull.at(-2)!, hull.at(-1)!, point)) hull.pop();
    hull.push(point);
  }
  return hull;
}

/** The slope of a convex polyline at z. */
function slopeAt(hull: readonly Point[], z: number): number {
  const right = Math.max(
    1,
    hull.findIndex(([at]) => at > z),
  );
  return chordSlope(...hull[right - 1]!, ...hull[right]!);
}

/** The slope nearest zero with which a line touches a convex polyline. */
function flattest(hull: readonly Point[]): number {
  return clamp(0, chordSlope(...hull[0]!, ...hull[1]!), chordSlope(...hull.at(-2)!, ...hull.at(-1)!));
}

const turnsUp = ([p, u]: Point, [q, v]: Point, [r, w]: Point): boolean =>
  (v - u) * (r - p) < (w - u) * (q - p);

const chordSlope = (p: number, from: number, q: number, to: number): number => (to - from) / (q - p);

/** x moved into [low, high]; low for NaN. */
const clamp = (x: number, low: number, high: number): number => (x > low ? Math.min(x, high) : low);
