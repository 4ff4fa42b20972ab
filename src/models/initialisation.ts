// Random initial weights (He, Zhang, Ren and Sun 2015, "Delving deep into rectifiers", equation (10)).
import type { FloatType, Shape, Tensor } from '../graph/index.ts';
import { sizeOf, tensor } from '../graph/index.ts';
import type { Rng } from '../random/index.ts';
import { normal } from '../random/index.ts';

/**
 * Independent N(0, gain / fanIn) entries. gain = 2 keeps the second moment of a signal through a ReLU, 1 through
 * a linear layer.
 */
export function heNormal(rng: Rng, dtype: FloatType, shape: Shape, fanIn: number, gain: 1 | 2): Tensor {
  const deviation = Math.sqrt(gain / fanIn);
  return tensor(
    dtype,
    shape,
    normal(rng, sizeOf(shape)).map((z) => z * deviation),
  );
}
