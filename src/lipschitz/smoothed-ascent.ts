// Gradient-norm ascent on a smoothed network: the gradient norm of a ReLU network is piecewise constant, that of its
// smoothed copy has a gradient, which the engine gets by differentiating twice.
import type { Graph, Value } from '../graph/index.ts';
import {
  add,
  div,
  gradient,
  graph,
  innerProduct,
  input,
  mul,
  nameOf,
  Relu,
  rebuild,
  reduceMean,
  sizeOf,
  sqrt,
  square,
  toFloat,
  vjp,
} from '../graph/index.ts';
import { compile } from '../runtime/index.ts';

const STEPS = 80;
/** Width of the smoothing, as a fraction of the typical input of a layer, and length of a step, as one of |x|. */
const FIRST = { width: 1, step: 0.3 };
const LAST = { width: 0.02, step: 0.005 };

/**
 * Moves points uphill in |grad <u, f_w>|, where f_w is f with every relu(z) replaced by (z + sqrt(z^2 + (w s)^2)) / 2, s^2
 * the mean of z^2 over the layer, while w falls from 1 to 0.02. Steps have fixed relative lengths. Returns where they end;
 * a graph without Relu returns no points. A heuristic: nothing is promised about the points.
 *
 * @param points at most as many as the graph's batch are used.
 */
export async function smoothedAscent(
  g: Graph,
  points: readonly Float64Array[],
  u: Float64Array,
  scale: number,
): Promise<Float64Array[]> {
  const exact = toFloat(g, 'float64');
  const width = input('smoothing width', 'float64', []);
  let smoothed = 0;
  const [y] = rebuild(Object.values(exact.outputs), (node, [z]) => {
    if (node.op !== Relu) return undefined;
    smoothed++;
    return [smoothRelu(z!, width)];
  });
  if (smoothed === 0) return [];
  const [x] = exact.inputs;
  const cotangent = input('cotangent', 'float64', y!.shape);
  const [slope] = vjp([y!], [cotangent], [x!]);
  const [uphill] = gradient(innerProduct(slope!, slope!), [x!]);
  const program = await compile(graph([x!, cotangent, width], { uphill: uphill! }));
  try {
    const batch = x!.shape[0]!;
    const d = sizeOf(x!.shape.slice(1));
    const used = points.slice(0, batch);
    const at = new Float64Array(batch * d);
    for (const [i, point] of used.entries()) at.set(point, i * d);
    const cotangents = new Float64Array(batch * u.length);
    for (let i = 0; i < used.length; i++) cotangents.set(u, i * u.length);
    for (let step = 0; step < STEPS; step++) {
      const progress = step / (STEPS - 1);
      const fallen = (first: number, last: number) => first * (last / first) ** progress;
      const { uphill: directions } = await program.run({
        [nameOf(x!)!]: at.slice(),
        cotangent: cotangents,
        'smoothing width': Float64Array.of(fallen(FIRST.width, LAST.width)),
      });
      const stride = fallen(FIRST.step, LAST.step);
      for (let i = 0; i < used.length; i++) {
        const point = at.subarray(i * d, (i + 1) * d);
        const direction = (directions as Float64Array).subarray(i * d, (i + 1) * d);
        const size = euclidean(direction);
        if (!(size > 0 && Number.isFinite(size))) continue;
        const factor = (stride * Math.max(euclidean(point), scale)) / size;
        for (let j = 0; j < d; j++) point[j]! += factor * direction[j]!;
      }
    }
    return used.map((_, i) => at.slice(i * d, (i + 1) * d));
  } finally {
    await program.dispose();
  }
}

function smoothRelu(z: Value, width: Value): Value {
  const axes = z.shape.map((_, i) => i).slice(1);
  const typical = add(reduceMean(square(z), axes, true), 1e-300);
  return div(add(z, sqrt(add(square(z), mul(square(width), typical)))), 2);
}

function euclidean(x: Float64Array): number {
  let squares = 0;
  for (const v of x) squares += v * v;
  return Math.sqrt(squares);
}
