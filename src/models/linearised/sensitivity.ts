// The sensitivity of a fitted model at a point (Bombari, Kiyani and Mondelli 2023).
import { invalidArgument, RobustlawError, requirePositive } from '../../errors.ts';
import type { Graph, Value } from '../../graph/index.ts';
import {
  add,
  constant,
  graph,
  isFloat,
  mul,
  reduceSum,
  sizeOf,
  sqrt,
  tensor,
  vjp,
} from '../../graph/index.ts';
import { compile, type Rows, runRows } from '../../runtime/index.ts';

/**
 * S(z) = radius |grad f(z)| for every point z: how fast f changes when z moves by as much as its own size. For several
 * outputs |grad f| is the Frobenius norm of the Jacobian. The values of S are exact up to rounding in the type of the
 * model; what they say about other points is a matter of sampling.
 *
 * @param model graph for a batch size, input `[batch, ...]`, output `y` `[batch, outputs]`.
 * @param points fresh points, `[n, ...]`.
 * @param radius norm of a typical point; defaults to sqrt(d), the scale of the paper.
 * @returns `[n]`.
 * @throws invalid-argument for no points, shape-mismatch where the numbers are no whole points, unsupported-op for an
 *   operator without a derivative.
 */
export async function sensitivities(
  model: (batch: number) => Graph,
  points: Rows,
  radius?: number,
): Promise<Float64Array> {
  const d = sizeOf(model(1).inputs[0]!.shape);
  const n = points.length / d;
  if (n === 0) throw invalidArgument('number of points', 0, 'at least one');
  if (!Number.isInteger(n)) {
    throw new RobustlawError(
      'shape-mismatch',
      `${points.length} numbers are not points of ${d} numbers each`,
    );
  }
  const scale = radius ?? Math.sqrt(d);
  requirePositive('radius', scale);
  const batch = Math.min(n, 256);
  const g = sensitivityGraph(model(batch), scale);
  const [x] = g.inputs as [Value];
  const program = await compile(g);
  try {
    const dtype = x.dtype === 'float32' ? 'float32' : 'float64';
    const found = await runRows(program, batch, dtype, { x: points }, { sensitivity: 1 }, Float64Array);
    return found.sensitivity;
  } finally {
    await program.dispose();
  }
}

/** Input x of the model, output `sensitivity` `[batch, 1]`. */
function sensitivityGraph(g: Graph, scale: number): Graph {
  const [x] = g.inputs as [Value];
  const y = g.outputs.y!;
  const [batch, outputs] = y.shape as [number, number];
  if (!isFloat(y.dtype)) throw new RobustlawError('unsupported-type', `the output y is ${y.dtype}`);
  const axes = x.shape.map((_, i) => i).slice(1);
  const squares = Array.from({ length: outputs }, (_, j) => {
    const choice = Float64Array.from({ length: batch * outputs }, (_, i) => (i % outputs === j ? 1 : 0));
    const slope = vjp([y], [constant(tensor(y.dtype, y.shape, choice))], [x])[0]!;
    return reduceSum(mul(slope, slope), axes, false);
  });
  const norm = sqrt(squares.reduce((a, b) => add(a, b)));
  return graph([x], { sensitivity: mul(norm, scale) });
}
