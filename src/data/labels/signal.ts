// The signal g of the model y = g(x) + Z: zero, linear, a two-layer teacher network, the component of a mixture, a sign.
import { invalidArgument, requireInteger, requirePositive } from '../../errors.ts';
import { normal, type Rng, signs, sphere } from '../../random/index.ts';
import type { Distribution, Expectation } from '../distributions/distribution.ts';

/** Points to be labelled. */
export interface Points {
  /** `[n, d]` row-major. */
  readonly x: Float64Array | Float32Array;
  readonly n: number;
  readonly d: number;
  /** What they were drawn from; absent for real data. */
  readonly distribution?: Distribution;
}

/** n points of a distribution. */
export function draw(distribution: Distribution, n: number, rng: Rng): Points {
  return { x: distribution.sample(rng, n), n, d: distribution.dimension, distribution };
}

/** g at the points. */
export interface Signal {
  /** For people, e.g. `linear, norm 2`. */
  readonly name: string;
  /** g(x_i), `[n, outputs]`. */
  readonly values: Float64Array;
  /** m. */
  readonly outputs: number;
  /** The law of |g(x)| over the distribution, where it is known: `sum_j weights_j h(nodes_j) = E h(g(x))` for every even h. */
  readonly law?: Expectation;
}

/** g = 0: the labels are pure noise. */
export function zeroSignal(points: Points): Signal {
  return { name: 'zero', values: new Float64Array(points.n), outputs: 1, law: certain(0) };
}

/** g(x) = norm <v, x>, v uniform on the unit sphere: exactly norm-Lipschitz. */
export function linearSignal(points: Points, norm: number, rng: Rng): Signal {
  requirePositive('norm of the linear signal', norm);
  const v = sphere(rng, 1, points.d);
  const projection = points.distribution?.projection;
  return {
    name: `linear, norm ${norm}`,
    values: Float64Array.from({ length: points.n }, (_, i) => norm * dot(points, i, v, 0)),
    outputs: 1,
    ...(projection && {
      law: { nodes: projection.nodes.map((node) => norm * node), weights: projection.weights },
    }),
  };
}

/**
 * A two-layer teacher network `g(x) = amplitude / sqrt(k) sum_{j<=k} a_j ReLU(<w_j, x> + b_j)`, a_j fair signs, w_j ~ N(0, I),
 * b_j ~ N(0, 1): of order `amplitude` where |x| is about 1.
 */
export function teacherSignal(points: Points, neurons: number, amplitude: number, rng: Rng): Signal {
  requireInteger('neurons of the teacher', neurons);
  requirePositive('amplitude of the teacher', amplitude);
  const w = normal(rng.split('w'), neurons * points.d);
  const b = normal(rng.split('b'), neurons);
  const a = signs(rng.split('a'), neurons);
  const factor = amplitude / Math.sqrt(neurons);
  const values = Float64Array.from({ length: points.n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < neurons; j++) sum += a[j]! * Math.max(0, dot(points, i, w, j) + b[j]!);
    return factor * sum;
  });
  return { name: `teacher network, ${neurons} neurons, amplitude ${amplitude}`, values, outputs: 1 };
}

/** g(x) = +1 for points of an even component, -1 for those of an odd one; `component` as `Mixture.assign` gives it. */
export function componentSignal(component: Int32Array): Signal {
  return {
    name: 'sign of the component (+1 even, -1 odd)',
    values: Float64Array.from(component, (index) => (index % 2 === 0 ? 1 : -1)),
    outputs: 1,
    law: certain(1),
  };
}

/** g(x) = sign of another signal, +1 at 0: labels ±1. With a linear signal, the indicator of a half-space. */
export function signOf(signal: Signal): Signal {
  return {
    name: `sign of (${signal.name})`,
    values: signal.values.map((value) => (value < 0 ? -1 : 1)),
    outputs: signal.outputs,
    law: certain(1),
  };
}

/**
 * The real label as the signal: what the data say is taken for E[y|x].
 *
 * @param magnitude |g(x)| where it is the same for every x, e.g. 1 for labels ±1.
 */
export function givenSignal(name: string, values: Float64Array, outputs: number, magnitude?: number): Signal {
  requireInteger('outputs', outputs);
  if (values.length % outputs !== 0) {
    throw invalidArgument('number of labels', values.length, `a multiple of the ${outputs} outputs`);
  }
  return { name, values, outputs, ...(magnitude !== undefined && { law: certain(magnitude) }) };
}

function certain(value: number): Expectation {
  return { nodes: Float64Array.of(value), weights: Float64Array.of(1) };
}

/** <x_i, w_j> for w `[count, d]` row-major. */
export function dot({ x, d }: Points, i: number, w: Float64Array, j: number): number {
  let sum = 0;
  for (let k = 0; k < d; k++) sum += x[i * d + k]! * w[j * d + k]!;
  return sum;
}
