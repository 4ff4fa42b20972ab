// Random networks and domains, points of the domains, and Jacobians by loops.
import type { Domain, Norm } from '../../../src/guarantee/index.ts';
import {
  ABS,
  type Activation,
  ATAN,
  clipOf,
  exponentialUnit,
  GELU,
  HARD_SWISH,
  IDENTITY,
  leakyReluOf,
  MISH,
  RELU,
  SIGMOID,
  SILU,
  SIN,
  SOFTPLUS,
  SOFTSIGN,
  TANH,
} from '../../../src/intervals/index.ts';
import { type Matrix, matrix, row, singularValues, transpose } from '../../../src/linalg/index.ts';
import {
  type AffineForm,
  type Block,
  type Network,
  sizeOfBlock,
} from '../../../src/lipschitz/network/network.ts';
import { integers, normal, type Rng, uniform } from '../../../src/random/index.ts';

export const PIECEWISE: readonly Activation[] = [RELU, leakyReluOf(0.1), clipOf(-0.5, 1), ABS];
export const SMOOTH: readonly Activation[] = [
  TANH,
  SIGMOID,
  SILU,
  GELU,
  exponentialUnit('Elu', 1, 0.7, 1),
  SOFTPLUS,
  SOFTSIGN,
  MISH,
  HARD_SWISH,
  ATAN,
  SIN,
];
export const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];

const integer = (key: Rng, name: string, low: number, high: number): number =>
  integers(key.split(name), 1, low, high + 1)[0]!;
export const pick = <T>(key: Rng, name: string, items: readonly T[]): T =>
  items[integer(key, name, 0, items.length - 1)]!;

const gaussian = (key: Rng, rows: number, columns: number): Matrix =>
  matrix(
    rows,
    columns,
    normal(key, rows * columns).map((z) => (1.5 * z) / Math.sqrt(columns)),
  );

/**
 * Depth 1 to 5, each block fed by the one before it and, now and then, by earlier ones and the input; one activation per
 * block, or, as reading max(a, b) = a + relu(b - a) gives, ReLU beside the identity.
 */
export function randomNetwork(
  key: Rng,
  activations: readonly Activation[] = [...PIECEWISE, ...SMOOTH],
): Network {
  const depth = integer(key, 'depth', 1, 5);
  const features = integer(key, 'features', 1, 4);
  const sizes = [features];
  for (let k = 1; k <= depth; k++) sizes.push(integer(key, `width ${k}`, 1, 6));
  const form = (name: string, rows: number, k: number): AffineForm => {
    const seen = sizes
      .slice(0, k)
      .flatMap((_, j) => (j === k - 1 || integer(key, `${name} skip ${j}`, 0, 3) === 0 ? [j] : []));
    return {
      rows,
      terms: new Map(seen.map((j) => [j, gaussian(key.split(`${name} weight ${j}`), rows, sizes[j]!)])),
      bias: normal(key.split(`${name} bias`), rows).map((z) => 0.5 * z),
      coefficientError: 0,
      biasError: 0,
    };
  };
  const blocks = sizes.slice(1).map((size, i): Block => {
    const activation = pick(key, `activation ${i}`, activations);
    const mixed = integer(key, `mixed ${i}`, 0, 3) === 0;
    return {
      preactivation: form(`block ${i + 1}`, size, i + 1),
      activations: Array.from({ length: size }, (_, n) => (mixed && n % 2 === 1 ? IDENTITY : activation)),
    };
  });
  return { features, blocks, output: form('output', integer(key, 'outputs', 1, 3), depth + 1) };
}

/** A box, or a ball in one of the three norms. */
export function randomDomain(key: Rng, features: number): Domain {
  const centre = normal(key.split('centre'), features);
  const radius = pick(key, 'radius', [0, 0.01, 0.2, 1, 3]);
  const kind = pick(key, 'domain', ['box', ...NORMS] as const);
  if (kind !== 'box') return { kind: 'ball', centre, radius, norm: kind };
  const widths = uniform(key.split('widths'), features, 0, 1);
  return {
    kind: 'box',
    lower: centre.map((c, i) => c - radius * widths[i]!),
    upper: centre.map((c, i) => c + radius * widths[i]!),
  };
}

/** Points of the domain, inner ones and ones on its border. */
export function pointsOf(domain: Domain, key: Rng, count: number): Float64Array[] {
  return Array.from({ length: count }, (_, at) => {
    const own = key.split(`point ${at}`);
    if (domain.kind === 'box') {
      const { lower, upper } = domain;
      const t = uniform(own, lower.length, at % 3 === 0 ? -1 : 0, at % 3 === 0 ? 2 : 1);
      return lower.map((low, i) => Math.min(upper[i]!, Math.max(low, low + t[i]! * (upper[i]! - low))));
    }
    if (domain.kind !== 'ball') throw new Error('no points of an unbounded domain');
    const { centre, radius, norm } = domain;
    const direction = normal(own, centre.length);
    const size = vectorNorm(direction, norm);
    const length = radius * (at % 3 === 0 ? 1 - 1e-12 : uniform(own.split('length'), 1, 0, 1)[0]!);
    // Points of sparse directions reach the corners of the l1 ball.
    const sparse = at % 4 === 1;
    const largest = Math.max(...direction.map(Math.abs));
    return centre.map((c, i) => {
      const d = direction[i]!;
      if (sparse) return Math.abs(d) === largest ? c + Math.sign(d) * length : c;
      return c + (length * d) / size;
    });
  });
}

export function vectorNorm(x: ArrayLike<number>, norm: Norm): number {
  const sizes = Array.from(x, Math.abs);
  if (norm === 'linf') return Math.max(...sizes);
  return norm === 'l1' ? sizes.reduce((a, b) => a + b, 0) : Math.hypot(...sizes);
}

export function matrixNorm(a: Matrix, norm: Norm): number {
  if (norm === 'l2') return singularValues(a)[0]!;
  const oriented = norm === 'linf' ? a : transpose(a);
  return Math.max(...Array.from({ length: oriented.rows }, (_, i) => vectorNorm(row(oriented, i), 'l1')));
}

/** Pre-activations, values and the Jacobian at x, forwards by loops; the slope at a kink is that on its left. */
export function trace(network: Network, x: Float64Array, slopes?: readonly Float64Array[]) {
  const values: number[][] = [Array.from(x)];
  const tangents: number[][][] = [Array.from(x, (_, i) => Array.from(x, (_, m) => (m === i ? 1 : 0)))];
  const preactivations: number[][] = [];
  const apply = (form: AffineForm) => {
    const z = Array.from(form.bias);
    const t = z.map(() => Array.from(x, () => 0));
    for (const [k, w] of form.terms) {
      for (let r = 0; r < w.rows; r++) {
        for (let c = 0; c < w.columns; c++) {
          const entry = w.data[r * w.columns + c]!;
          z[r]! += entry * values[k]![c]!;
          for (let m = 0; m < x.length; m++) t[r]![m]! += entry * tangents[k]![c]![m]!;
        }
      }
    }
    return { z, t };
  };
  network.blocks.forEach(({ preactivation, activations }, k) => {
    const { z, t } = apply(preactivation);
    preactivations.push(z);
    values.push(z.map((v, i) => activations[i]!.value(v)));
    tangents.push(
      t.map((entries, i) => {
        const slope = slopes ? slopes[k]![i]! : activations[i]!.slopesOn(z[i]!, z[i]!)[0];
        return entries.map((v) => slope * v);
      }),
    );
  });
  const { z, t } = apply(network.output);
  return {
    preactivations,
    output: z,
    jacobian: matrix(t.length, network.features, Float64Array.from(t.flat())),
  };
}

/** A slope of each neuron within its range: an end, or between. */
export function slopesWithin(
  ranges: readonly (readonly (readonly [number, number])[])[],
  key: Rng,
): Float64Array[] {
  return ranges.map((block, k) => {
    const t = uniform(key.split(`slopes ${k}`), block.length, -0.5, 1.5);
    return Float64Array.from(block, ([a, b], i) => a + Math.min(1, Math.max(0, t[i]!)) * (b - a));
  });
}

export { sizeOfBlock };
