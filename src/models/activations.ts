// Activation functions of hidden layers, with what the theory asks of them: parity, smoothness, and the scale of weights behind which they keep a signal.
import type { Value } from '../graph/index.ts';
import {
  abs,
  cos,
  elu,
  gelu,
  leakyRelu,
  mul,
  relu,
  sigmoid,
  softplus,
  square,
  tanh,
} from '../graph/index.ts';

/** Names of the activation functions, as specifications and files spell them. */
export type Activation =
  | 'relu'
  | 'leaky-relu'
  | 'elu'
  | 'gelu'
  | 'silu'
  | 'softplus'
  | 'tanh'
  | 'cos'
  | 'sigmoid'
  | 'square'
  | 'abs';

export interface ActivationFunction {
  /** phi elementwise. */
  apply(z: Value): Value;
  /**
   * Whether phi(-z) = phi(z) (even) or phi(-z) = -phi(z) (odd). Tangent features of even activations obey the law at
   * P of order nd, those of odd ones do not (Bombari, Kiyani and Mondelli 2023).
   */
  readonly parity: 'even' | 'odd' | 'neither';
  /**
   * Whether phi is twice continuously differentiable. Where it is not, phi'' vanishes almost everywhere (relu,
   * leaky-relu, abs) or jumps (elu), so that a penalty on input gradients sees nothing of the kinks.
   */
  readonly smooth: boolean;
  /**
   * 1 / E phi(z)^2 for a standard normal z: with weights N(0, gain / fanIn) behind it, a layer keeps the second moment
   * of a standard normal signal. 2 for relu (He, Zhang, Ren and Sun 2015, equation (10)).
   */
  readonly gain: number;
}

/** Slope of leaky-relu for z < 0 (Maas, Hannun and Ng 2013). */
const LEAK = 0.01;

/** Every activation by its name. */
export const ACTIVATIONS: Readonly<Record<Activation, ActivationFunction>> = {
  /** max(0, z) */
  relu: { apply: relu, parity: 'neither', smooth: false, gain: 2 },
  /** z for z > 0, z / 100 otherwise */
  'leaky-relu': {
    apply: (z) => leakyRelu(z, LEAK),
    parity: 'neither',
    smooth: false,
    gain: 2 / (1 + LEAK ** 2),
  },
  /** z for z > 0, e^z - 1 otherwise (Clevert, Unterthiner and Hochreiter 2016) */
  elu: { apply: (z) => elu(z), parity: 'neither', smooth: false, gain: 1.550518808068 },
  /** z Phi(z) with the normal distribution function Phi (Hendrycks and Gimpel 2016) */
  gelu: { apply: (z) => gelu(z), parity: 'neither', smooth: true, gain: 2.351715614074 },
  /** z / (1 + e^-z) */
  silu: { apply: (z) => mul(z, sigmoid(z)), parity: 'neither', smooth: true, gain: 2.810761124075 },
  /** log(1 + e^z) */
  softplus: { apply: softplus, parity: 'neither', smooth: true, gain: 1.085486502989 },
  tanh: { apply: tanh, parity: 'odd', smooth: true, gain: 2.536175433218 },
  /** cos z, even and bounded: random Fourier features without the phase (Rahimi and Recht 2007); 2 / (1 + e^-2) */
  cos: { apply: cos, parity: 'even', smooth: true, gain: 1.761594155956 },
  /** 1 / (1 + e^-z) */
  sigmoid: { apply: sigmoid, parity: 'neither', smooth: true, gain: 3.408559841623 },
  /** z^2 */
  square: { apply: square, parity: 'even', smooth: true, gain: 1 / 3 },
  /** |z| */
  abs: { apply: abs, parity: 'even', smooth: false, gain: 1 },
};
