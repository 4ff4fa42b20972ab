// Classifiers by the nearest of some centres, and the exact distance of a point to the nearest one of another class.
import highs from 'highs';
import {
  add,
  constant,
  graph,
  input,
  type Model,
  matMul,
  modelFrom,
  parameter,
  reduceMax,
  reshape,
  tensor,
} from '../../src/graph/index.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import { normal, type Rng } from '../../src/random/index.ts';

/** The class of a point is that of its nearest centre; the score of a class max_c 2 <c, x> - |c|^2 over its centres. */
export interface Centres {
  readonly features: number;
  readonly classes: number;
  /** Of every class as many, the centres of one class after the other. */
  readonly centres: readonly Float64Array[];
}

export function randomCentres(rng: Rng, features: number, classes: number, each: number): Centres {
  const centres = Array.from({ length: classes * each }, (_, k) =>
    normal(rng.split(k), features).map(Math.fround),
  );
  return { features, classes, centres };
}

export function modelOfCentres({ features, classes, centres }: Centres): Model {
  const count = centres.length;
  const w = Float64Array.from({ length: features * count }, (_, i) => {
    return 2 * centres[i % count]![Math.floor(i / count)]!;
  });
  const b = Float64Array.from(centres, (c) => -c.reduce((sum, v) => sum + v * v, 0));
  const weights = parameter('w', tensor('float32', [features, count], w));
  const bias = constant(tensor('float32', [count], b));
  return modelFrom('nearest centre', (batch) => {
    const x = input('x', 'float32', [batch, features]);
    const scores = add(matMul(x, weights), bias);
    return graph([x], { z: reduceMax(reshape(scores, [batch, classes, count / classes]), [2]) });
  });
}

export function classOf({ centres, classes }: Centres, x: ArrayLike<number>): number {
  const distances = centres.map((c) => c.reduce((sum, v, j) => sum + (v - x[j]!) ** 2, 0));
  return Math.floor(distances.indexOf(Math.min(...distances)) / (centres.length / classes));
}

const load = highs as unknown as typeof highs.default;
const solver = await load();

/**
 * The distance from `x` to the closure of the other classes. The cell of a centre c of another class, seen from class y, is
 * {z: 2 <c - c', z> >= |c|^2 - |c'|^2 for the centres c' of y}, and these cells cover exactly where y loses.
 */
export function exactDistance(model: Centres, norm: Norm, x: ArrayLike<number>, label: number): number {
  const each = model.centres.length / model.classes;
  const own = model.centres.slice(label * each, (label + 1) * each);
  const square = (c: Float64Array) => c.reduce((sum, v) => sum + v * v, 0);
  return Math.min(
    ...model.centres
      .filter((c) => !own.includes(c))
      .map((c) => {
        const rows = own.map((o) => c.map((v, j) => 2 * (v - o[j]!)));
        // Slack that z - x must make up: <row, z - x> >= need.
        const needs = own.map((o, k) => square(c) - square(o) - dot(rows[k]!, x));
        return norm === 'l2' ? nearestL2(rows, needs) : nearestByProgram(norm, rows, needs);
      }),
  );
}

/** min |d| with A d >= need: the best of all sets of constraints taken as equations that turns out feasible. */
function nearestL2(rows: readonly Float64Array[], needs: readonly number[]): number {
  let best = Infinity;
  for (let set = 0; set < 2 ** rows.length; set++) {
    const active = [...rows.keys()].filter((k) => set & (1 << k));
    const gram = active.map((i) => active.map((j) => dot(rows[i]!, rows[j]!)));
    const multipliers = solve(
      gram,
      active.map((i) => needs[i]!),
    );
    const d = rows[0]!.map((_, j) => active.reduce((sum, i, k) => sum + multipliers[k]! * rows[i]![j]!, 0));
    if (rows.every((row, k) => dot(row, d) >= needs[k]! - 1e-9)) best = Math.min(best, Math.hypot(...d));
  }
  return best;
}

/** The same in l1 and linf as a linear program in d = p - q, p, q >= 0. */
function nearestByProgram(
  norm: 'l1' | 'linf',
  rows: readonly Float64Array[],
  needs: readonly number[],
): number {
  const indices = [...rows[0]!.keys()];
  const term = (value: number, name: string) => `${value < 0 ? '-' : '+'} ${Math.abs(value)} ${name}`;
  const constraints = rows.map((row, k) => {
    const terms = indices.map((j) => `${term(row[j]!, `p${j}`)} ${term(-row[j]!, `q${j}`)}`);
    return `${terms.join(' ')} >= ${needs[k]}`;
  });
  const objective = norm === 'linf' ? 't' : indices.map((j) => `p${j} + q${j}`).join(' + ');
  if (norm === 'linf') constraints.push(...indices.map((j) => `t - p${j} - q${j} >= 0`));
  const lines = constraints.map((line, k) => ` c${k}: ${line}`);
  const found = solver.solve(`Minimize\n obj: ${objective}\nSubject To\n${lines.join('\n')}\nEnd\n`);
  return found.Status === 'Optimal' ? found.ObjectiveValue : Infinity;
}

function dot(a: Float64Array, b: ArrayLike<number>): number {
  return a.reduce((sum, v, j) => sum + v * b[j]!, 0);
}

/** Gaussian elimination with pivots; numbers that are no solution where there is none. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  const n = rows.length;
  for (let k = 0; k < n; k++) {
    const pivot = rows.reduce(
      (at, row, i) => (i >= k && Math.abs(row[k]!) > Math.abs(rows[at]![k]!) ? i : at),
      k,
    );
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = rows[i]![k]! / rows[k]![k]!;
      for (let j = k; j <= n; j++) rows[i]![j]! -= factor * rows[k]![j]!;
    }
  }
  return rows.map((row, k) => row[n]! / row[k]!);
}
