// Random networks, and oracles that know their Lipschitz constants by other means.
import { type FloatType, type Graph, type Model, modelFrom, tensor } from '../../src/graph/index.ts';
import { mlp, modelGraph, type Weights } from '../../src/models/index.ts';
import { normal, type Rng } from '../../src/random/index.ts';

/** Gaussian weights of variance 1 / fan-in and Gaussian biases. */
export function randomWeights(
  widths: readonly number[],
  rng: Rng,
  bias = true,
  dtype: FloatType = 'float64',
): Weights {
  return Object.fromEntries(
    Object.entries(mlp(widths, 'relu', bias).parameterShapes).map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const scale = shape.length === 2 ? 1 / Math.sqrt(shape[1]!) : 0.5;
      return [
        name,
        tensor(
          dtype,
          shape,
          normal(rng.split(name), size).map((z) => z * scale),
        ),
      ];
    }),
  );
}

export function networkOf(widths: readonly number[], weights: Weights, bias = true, batch = 1): Graph {
  return modelGraph(mlp(widths, 'relu', bias), weights, batch);
}

export function modelOf(widths: readonly number[], weights: Weights, bias = true): Model {
  return modelFrom(`mlp-${widths.join('-')}`, (batch) => networkOf(widths, weights, bias, batch));
}

const rowsOf = (weights: Weights, layer: number): number[][] => {
  const { shape, data } = weights[`layer${layer}.weight`]!;
  const values = Array.from(data as Float64Array);
  return Array.from({ length: shape[0]! }, (_, i) => values.slice(i * shape[1]!, (i + 1) * shape[1]!));
};
const biasOf = (weights: Weights, layer: number): number[] =>
  Array.from((weights[`layer${layer}.bias`]?.data as Float64Array | undefined) ?? []);

/** f(x) with loops. */
export function evaluate(widths: readonly number[], weights: Weights, x: ArrayLike<number>): number[] {
  let h = Array.from(x);
  for (let i = 1; i < widths.length; i++) {
    const b = biasOf(weights, i);
    const z = rowsOf(weights, i).map((row, r) => row.reduce((sum, w, c) => sum + w * h[c]!, b[r] ?? 0));
    h = i < widths.length - 1 ? z.map((v) => Math.max(0, v)) : z;
  }
  return h;
}

/** The exact Lipschitz constant of a ReLU network on the real line with one output: the largest slope of a piece. */
export function lipschitzOnLine(widths: readonly number[], weights: Weights): number {
  return Math.max(...slopesOnLine(widths, weights).map(({ slope }) => Math.abs(slope)));
}

/** The pieces of a ReLU network on the real line with one output: all breakpoints, layer by layer. */
export function slopesOnLine(
  widths: readonly number[],
  weights: Weights,
): { readonly from: number; readonly to: number; readonly slope: number }[] {
  // Pieces of the present layer: [from, to] and slope and intercept of every unit.
  let pieces = [{ from: -Infinity, to: Infinity, slope: [1], intercept: [0] }];
  for (let i = 1; i < widths.length; i++) {
    const rows = rowsOf(weights, i);
    const bias = biasOf(weights, i);
    pieces = pieces.map((piece) => ({
      ...piece,
      slope: rows.map((row) => row.reduce((sum, w, c) => sum + w * piece.slope[c]!, 0)),
      intercept: rows.map((row, r) => row.reduce((sum, w, c) => sum + w * piece.intercept[c]!, bias[r] ?? 0)),
    }));
    if (i === widths.length - 1) break;
    pieces = pieces.flatMap((piece) => {
      const cuts = piece.slope
        .map((s, r) => -piece.intercept[r]! / s)
        .filter((t) => t > piece.from && t < piece.to)
        .sort((a, b) => a - b);
      const ends = [piece.from, ...cuts, piece.to];
      return ends.slice(1).map((to, c) => {
        const from = ends[c]!;
        const inside =
          from === -Infinity ? (to === Infinity ? 0 : to - 1) : to === Infinity ? from + 1 : (from + to) / 2;
        const on = piece.slope.map((s, r) => (s * inside + piece.intercept[r]! > 0 ? 1 : 0));
        return {
          from,
          to,
          slope: piece.slope.map((s, r) => s * on[r]!),
          intercept: piece.intercept.map((b, r) => b * on[r]!),
        };
      });
    });
  }
  return pieces.map(({ from, to, slope }) => ({ from, to, slope: slope[0]! }));
}

/** max over all 2^k activation patterns of the norm of the gradient of a two-layer network with one output. */
export function steepestPattern(weights: Weights, norm: (g: number[]) => number): number {
  const w = rowsOf(weights, 1);
  const a = rowsOf(weights, 2)[0]!;
  let largest = 0;
  for (let pattern = 0; pattern < 2 ** a.length; pattern++) {
    const gradient = w[0]!.map((_, j) =>
      a.reduce((sum, al, l) => sum + ((pattern >> l) & 1 ? al * w[l]![j]! : 0), 0),
    );
    largest = Math.max(largest, norm(gradient));
  }
  return largest;
}

export const euclidean = (g: ArrayLike<number>): number => Math.hypot(...Array.from(g));
