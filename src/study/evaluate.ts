// Values of a function at many points, in parts.
import { bytesOfDerivative } from '../graph/index.ts';
import { compile, runRows } from '../runtime/index.ts';
import type { GraphFor } from './gradients.ts';

/** Memory for the intermediate values of one evaluation. */
const MOST_BYTES = 2 ** 30;

/** f at N points `[N, d]`, as `[N, m]`, so many at once as fit into the memory set aside for them. */
export async function evaluateInParts(
  graphFor: GraphFor,
  points: Float64Array,
  d: number,
): Promise<Float64Array> {
  const count = points.length / d;
  const one = graphFor(1);
  const batch = Math.max(1, Math.min(count, Math.floor(MOST_BYTES / bytesOfDerivative(one))));
  const [name, y] = Object.entries(one.outputs)[0]!;
  const program = await compile(graphFor(batch));
  try {
    const length = y.shape.reduce((product, size) => product * size, 1);
    const found = await runRows(program, batch, 'float64', { x: points }, { [name]: length }, Float64Array);
    return found[name]!;
  } finally {
    await program.dispose();
  }
}
