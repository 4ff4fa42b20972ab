// Random networks of every shape, evaluated with loops, and Lipschitz quotients found by ascent on them.
import type { Activation, Range } from '../../../src/intervals/index.ts';
import { type Matrix, matrix } from '../../../src/linalg/index.ts';
import type { AffineForm, Network } from '../../../src/lipschitz/network/network.ts';
import { normal, type Rng, uniform } from '../../../src/random/index.ts';

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
const gaussCdf = (z: number) => {
  // Trapezoid rule: an oracle apart from the library's own.
  let sum = 0;
  const steps = 200;
  for (let i = 0; i <= steps; i++) {
    const t = (z * i) / steps;
    sum += (i === 0 || i === steps ? 0.5 : 1) * Math.exp((-t * t) / 2);
  }
  return 0.5 + (sum * z) / steps / Math.sqrt(2 * Math.PI);
};

function activation(name: string, slopes: Range, value: (z: number) => number): Activation {
  return {
    name,
    slopes,
    value,
    relativeError: 1e-15,
    slopesOn: () => slopes,
    rangeOn: () => [-Infinity, Infinity],
  };
}

/** Slopes by the calculus of each function, rounded outwards. */
export const ACTIVATIONS: readonly Activation[] = [
  activation('relu', [0, 1], (z) => Math.max(0, z)),
  activation('leaky relu', [0.1, 1], (z) => Math.max(0.1 * z, z)),
  activation('abs', [-1, 1], Math.abs),
  activation('tanh', [0, 1], Math.tanh),
  activation('sigmoid', [0, 0.25], sigmoid),
  activation('elu', [0, 1], (z) => (z > 0 ? z : Math.expm1(z))),
  activation('gelu', [-0.129, 1.129], (z) => z * gaussCdf(z)),
  activation('silu', [-0.0999, 1.0999], (z) => z * sigmoid(z)),
  activation('sin', [-1, 1], Math.sin),
  activation('identity', [1, 1], (z) => z),
  activation('nearly affine', [0.99, 1], (z) => 0.99 * z + 0.01 * Math.max(0, z)),
  activation('zero', [0, 0], () => 3),
];

const gaussian = (key: Rng, rows: number, columns: number): Matrix =>
  matrix(
    rows,
    columns,
    normal(key, rows * columns).map((z) => z / Math.sqrt(columns)),
  );

/** Depth 0 to 6, widths 1 to 5, each form on the block before and any earlier ones, activations neuron by neuron. */
export function randomNetwork(key: Rng): Network {
  const pick = (name: string, low: number, high: number) =>
    low + Math.floor(uniform(key.split(name), 1)[0]! * (high - low + 1));
  const depth = pick('depth', 0, 6);
  const sizes = [pick('features', 1, 4)];
  const skips = pick('skips', 0, 2);
  const mixed = pick('mixed', 0, 1);
  const form = (name: string, before: number, rows: number): AffineForm => {
    const terms = new Map<number, Matrix>();
    for (let b = 0; b <= before; b++) {
      if (b < before && (skips === 0 || pick(`${name} reads ${b}`, 0, 3) >= skips)) continue;
      terms.set(b, gaussian(key.split(`${name} ${b}`), rows, sizes[b]!));
    }
    return { rows, terms, bias: normal(key.split(`${name} bias`), rows), coefficientError: 0, biasError: 0 };
  };
  const common = ACTIVATIONS[pick('activation', 0, ACTIVATIONS.length - 1)]!;
  const blocks = Array.from({ length: depth }, (_, k) => {
    const rows = pick(`width ${k}`, 1, 5);
    const preactivation = form(`block ${k}`, k, rows);
    const activations = Array.from({ length: rows }, (_, j) =>
      mixed ? ACTIVATIONS[pick(`activation ${k} ${j}`, 0, ACTIVATIONS.length - 1)]! : common,
    );
    sizes.push(rows);
    return { preactivation, activations };
  });
  return { features: sizes[0]!, blocks, output: form('output', depth, pick('outputs', 1, 3)) };
}

/** f(x) with loops. */
export function outputsOf({ blocks, output }: Network, x: ArrayLike<number>): number[] {
  const values: number[][] = [Array.from(x)];
  const apply = ({ rows, terms, bias }: AffineForm) =>
    Array.from({ length: rows }, (_, r) => {
      let sum = bias[r]!;
      for (const [k, w] of terms)
        values[k]!.forEach((v, i) => {
          sum += w.data[r * w.columns + i]! * v;
        });
      return sum;
    });
  for (const { preactivation, activations } of blocks)
    values.push(apply(preactivation).map((z, j) => activations[j]!.value(z)));
  return apply(output);
}

/** The largest |f(x) - f(y)| / |x - y| met from a few starts, by power iteration on quotients at distance `h`. */
export function steepestQuotient(network: Network, key: Rng, starts: number, h = 1e-2): number {
  const d = network.features;
  let best = 0;
  for (let s = 0; s < starts; s++) {
    const x = normal(key.split(`start ${s}`), d).map((v) => 2 * v);
    let v = normal(key.split(`direction ${s}`), d);
    for (let step = 0; step < 6; step++) {
      const length = Math.hypot(...v);
      const ahead = x.map((t, i) => t + (h * v[i]!) / length);
      const moved = ahead.map((t, i) => t - x[i]!);
      const change = difference(outputsOf(network, ahead), outputsOf(network, x));
      best = Math.max(best, Math.hypot(...change) / Math.hypot(...moved));
      // J^T (J v) by quotients along the axes.
      v = Float64Array.from({ length: d }, (_, i) => {
        const along = x.map((t, k) => (k === i ? t + h : t));
        return difference(outputsOf(network, along), outputsOf(network, x)).reduce(
          (sum, t, o) => sum + t * change[o]!,
          0,
        );
      });
      if (!(Math.hypot(...v) > 0)) break;
    }
  }
  return best;
}

const difference = (a: readonly number[], b: readonly number[]) => a.map((t, i) => t - b[i]!);
