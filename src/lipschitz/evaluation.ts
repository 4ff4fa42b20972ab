// Evaluation of a sequential network with a running bound on its own rounding (Higham 2002, section 3.3): apart from the
// engine, so that what the engine finds is confirmed by other code.

import { lipschitzOf } from '../intervals/index.ts';
import { addUp, gamma, multiplyUp, SMALLEST_SUBNORMAL, UNIT_ROUNDOFF } from '../numeric/index.ts';
import type { DenseLayer, Layer, Sequential } from './layers.ts';

/** The true output i lies within `error[i]` of `value[i]`. */
export interface Enclosed {
  readonly value: Float64Array;
  readonly error: Float64Array;
}

/** f(x) in float64, x `[features]`, enclosed. The error is Infinity or NaN where float64 overflows. Enclosure. */
export function evaluateEnclosed(network: Sequential, x: Float64Array): Enclosed {
  return network.layers.reduce<Enclosed>((z, layer) => applyLayer(layer, z), {
    value: x,
    error: new Float64Array(x.length),
  });
}

function applyLayer(layer: Layer, z: Enclosed): Enclosed {
  switch (layer.kind) {
    case 'dense':
      return applyDense(layer, z);
    case 'diagonal': {
      const value = z.value.map((v, i) => layer.scale[i]! * v + layer.shift[i]!);
      const error = z.error.map((e, i) => {
        const scale = Math.abs(layer.scale[i]!);
        const size = addUp(multiplyUp(scale, Math.abs(z.value[i]!)), Math.abs(layer.shift[i]!));
        return addUp(
          addUp(multiplyUp(gamma(4), size), multiplyUp(multiplyUp(scale, e), 1 + 4 * UNIT_ROUNDOFF)),
          2 * SMALLEST_SUBNORMAL,
        );
      });
      return { value, error };
    }
    case 'activation': {
      const { activation } = layer;
      const value = z.value.map(activation.value);
      const error = z.error.map((e, i) => {
        const own = multiplyUp(activation.relativeError, Math.abs(value[i]!));
        const tiny = activation.relativeError > 0 ? 16 * SMALLEST_SUBNORMAL : 0;
        return addUp(addUp(multiplyUp(lipschitzOf(activation), e), own), tiny);
      });
      return { value, error };
    }
  }
}

/** |fl(Wx + b) - (Wx + b)| <= gamma(n+1) (|W||x| + |b|), plus |W| times the error of x, plus underflow. */
function applyDense(layer: DenseLayer, z: Enclosed): Enclosed {
  const { rows, columns, data } = layer.matrix;
  const value = new Float64Array(rows);
  const error = new Float64Array(rows);
  // Twice the terms cover that the sums of absolute values are rounded themselves.
  const rounding = gamma(2 * columns + 8);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    let size = 0;
    let inherited = 0;
    for (let j = 0, p = i * columns; j < columns; j++, p++) {
      const product = data[p]! * z.value[j]!;
      sum += product;
      size += Math.abs(product);
      inherited += Math.abs(data[p]!) * z.error[j]!;
    }
    value[i] = sum + layer.bias[i]!;
    const own = multiplyUp(rounding, addUp(size, Math.abs(layer.bias[i]!)));
    const passed = multiplyUp(inherited, addUp(1, rounding));
    error[i] = addUp(addUp(own, passed), (2 * columns + 2) * SMALLEST_SUBNORMAL);
  }
  return { value, error };
}
