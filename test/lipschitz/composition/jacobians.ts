// Matrices of graphs by evaluation in ONNX Runtime, and their norms by singular values: what certificates are held against.
import { type Graph, nameOf, sizeOf, toFloat } from '../../../src/graph/index.ts';
import type { Norm } from '../../../src/guarantee/index.ts';
import { type Matrix, matrix, singularValues } from '../../../src/linalg/index.ts';
import { compile } from '../../../src/runtime/index.ts';

export const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];

/** f at several points: `build(batch)` is the graph for so many rows, each flat. */
export async function valuesAt(
  build: (batch: number) => Graph,
  points: readonly Float64Array[],
): Promise<Float64Array[]> {
  const g = toFloat(build(points.length), 'float64');
  const x = new Float64Array(sizeOf(g.inputs[0]!.shape));
  points.forEach((point, i) => {
    x.set(point, i * point.length);
  });
  const program = await compile(g);
  try {
    const y = (await program.run({ [nameOf(g.inputs[0]!)!]: x }))[Object.keys(g.outputs)[0]!] as Float64Array;
    const size = y.length / points.length;
    return points.map((_, i) => y.slice(i * size, (i + 1) * size));
  } finally {
    await program.dispose();
  }
}

/** The matrix of an affine graph, `[outputs, features]`: f(e_j) - f(0). */
export async function matrixOf(build: (batch: number) => Graph): Promise<Matrix> {
  const features = sizeOf(build(1).inputs[0]!.shape);
  const units = Array.from({ length: features }, (_, j) => {
    const e = new Float64Array(features);
    e[j] = 1;
    return e;
  });
  const [origin, ...images] = await valuesAt(build, [new Float64Array(features), ...units]);
  const result = matrix(origin!.length, features);
  images.forEach((image, j) => {
    image.forEach((v, i) => {
      result.data[i * features + j] = v - origin![i]!;
    });
  });
  return result;
}

/** The operator norm by plain sums and singular values, to about 1e-12. */
export function normOf({ rows, columns, data }: Matrix, norm: Norm): number {
  if (norm === 'l2') return singularValues({ rows, columns, data })[0]!;
  const sums = new Float64Array(norm === 'linf' ? rows : columns);
  data.forEach((v, i) => {
    sums[norm === 'linf' ? Math.floor(i / columns) : i % columns]! += Math.abs(v);
  });
  return Math.max(...sums);
}

export function lengthOf(x: Float64Array, norm: Norm): number {
  if (norm === 'linf') return x.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return norm === 'l1' ? x.reduce((a, b) => a + Math.abs(b), 0) : Math.hypot(...x);
}
