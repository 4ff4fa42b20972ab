// The noise Z of the model y = g(x) + Z, with its exact E Var[y|x]; and sign flips, the noise of labels ±1.
import { invalidArgument, requirePositive } from '../../errors.ts';
import { normal, type Rng, signs, sphere, uniform } from '../../random/index.ts';
import { clippedMoments, type PointNoise, pointVariance } from './clipping.ts';
import { dot, type Points, type Signal } from './signal.ts';

/** Additive noise, symmetric around zero and independent from point to point. */
export type Noise =
  | { readonly kind: 'none' }
  /** Z ~ N(0, sigma^2); variance sigma^2. */
  | { readonly kind: 'gaussian'; readonly sigma: number }
  /** Z uniform on [-halfWidth, halfWidth]; variance halfWidth^2 / 3. */
  | { readonly kind: 'uniform'; readonly halfWidth: number }
  /** Z = ±amplitude, each with probability 1/2; variance amplitude^2. On the zero signal: labels of pure noise. */
  | { readonly kind: 'signs'; readonly amplitude: number }
  /**
   * Z | x ~ N(0, sigma^2 (1 + contrast sign<v, x>)), v a random direction, contrast in [0, 1]: one half-space is noisier.
   * E Var[y|x] = sigma^2 when x and -x have the same law; unknown otherwise.
   */
  | { readonly kind: 'heteroscedastic'; readonly sigma: number; readonly contrast: number };

/** Labels and all that is known of their noise; the fields are those of a data set. */
export interface Labels {
  readonly y: Float64Array;
  readonly outputs: number;
  readonly noiseVariance?: number;
  readonly clean?: Float64Array;
  readonly unflipped?: Float64Array;
  /** How they were made, for the provenance. */
  readonly description: string;
}

/**
 * y = g(x) + Z.
 *
 * @returns `clean` = g(x_i) and, where known exactly, `noiseVariance` = E Var[y|x] summed over the outputs.
 * @throws RobustlawError `invalid-argument` naming the parameter of the noise.
 */
export function addNoise(points: Points, signal: Signal, noise: Noise, rng: Rng): Labels {
  if (signal.values.length !== points.n * signal.outputs) {
    throw invalidArgument(
      'number of signal values',
      signal.values.length,
      `n outputs = ${points.n * signal.outputs}`,
    );
  }
  const { shape, scales, levels } = noiseLaw(points, noise, rng);
  const standard = standardNoise(shape, signal.values.length, rng.split('z'));
  const variance = mean(levels?.map((scale) => pointVariance({ shape, scale })));
  return {
    y: signal.values.map((g, i) => g + scales[Math.floor(i / signal.outputs)]! * standard[i]!),
    outputs: signal.outputs,
    clean: signal.values,
    ...(variance !== undefined && { noiseVariance: variance * signal.outputs }),
    description: describe(signal, noise),
  };
}

/**
 * y = clip(g(x) + Z) to [-1, 1], for theorems that ask for labels there.
 *
 * Clipping moves both moments, so `clean` is the exact E[clip(g(x) + Z) | x] (closed form), and `noiseVariance` is the exact
 * E Var of the clipped label where the law of |g(x)| is known (zero signal, signs, linear on the sphere or Gaussian, the last
 * by quadrature to a relative error of about 1e-6) and absent where it is not.
 */
export function addClippedNoise(points: Points, signal: Signal, noise: Noise, rng: Rng): Labels {
  const free = addNoise(points, signal, noise, rng);
  const { shape, scales, levels } = noiseLaw(points, noise, rng);
  const clean = signal.values.map(
    (g, i) => clippedMoments(g, { shape, scale: scales[Math.floor(i / signal.outputs)]! }).mean,
  );
  const variance = clippedVariance(signal, shape, levels);
  return {
    y: free.y.map((value) => Math.min(1, Math.max(-1, value))),
    outputs: signal.outputs,
    clean,
    ...(variance !== undefined && { noiseVariance: variance * signal.outputs }),
    description: `${free.description}, clipped to [-1, 1]`,
  };
}

/**
 * y = -g(x) with the given probability q and g(x) otherwise, for signals with values ±1.
 *
 * E[y|x] = (1 - 2q) g(x) and Var[y|x] = 4 q (1 - q), exactly; q = 1/2 is pure noise.
 *
 * @returns `clean` = (1 - 2q) g(x_i), so that y - clean has mean zero, and `unflipped` = g(x_i).
 * @throws RobustlawError `invalid-argument` when a signal value is not ±1 or q is outside [0, 1/2].
 */
export function flipSigns(signal: Signal, probability: number, rng: Rng): Labels {
  if (!(probability >= 0 && probability <= 0.5)) {
    throw invalidArgument('flip probability', probability, 'a number in [0, 1/2]');
  }
  const bad = signal.values.findIndex((value) => value !== 1 && value !== -1);
  if (bad >= 0) {
    const row = Math.floor(bad / signal.outputs);
    const expected = 'labels -1 or 1, since flips change signs; choose a signal or a task with such labels';
    throw invalidArgument(`label of row ${row} (counted from 0)`, signal.values[bad], expected);
  }
  const u = uniform(rng.split('flip'), signal.values.length);
  return {
    y: signal.values.map((g, i) => (u[i]! < probability ? -g : g)),
    outputs: signal.outputs,
    noiseVariance: 4 * probability * (1 - probability) * signal.outputs,
    clean: signal.values.map((g) => (1 - 2 * probability) * g),
    unflipped: signal.values,
    description: `labels: ${signal.name}; each sign flipped with probability ${probability}`,
  };
}

interface NoiseLaw {
  readonly shape: PointNoise['shape'];
  /** The scale at each point. */
  readonly scales: Float64Array;
  /** The scales over the distribution, equally probable and independent of the other coordinates of x; absent where unknown. */
  readonly levels?: readonly number[];
}

function noiseLaw(points: Points, noise: Noise, rng: Rng): NoiseLaw {
  switch (noise.kind) {
    case 'none':
      return constantLaw(points, 'signs', 0);
    case 'gaussian':
      requirePositive('sigma', noise.sigma);
      return constantLaw(points, 'gaussian', noise.sigma);
    case 'uniform':
      requirePositive('halfWidth', noise.halfWidth);
      return constantLaw(points, 'uniform', noise.halfWidth);
    case 'signs':
      requirePositive('amplitude', noise.amplitude);
      return constantLaw(points, 'signs', noise.amplitude);
    case 'heteroscedastic':
      return twoLevels(points, noise.sigma, noise.contrast, rng);
  }
}

function constantLaw(points: Points, shape: PointNoise['shape'], scale: number): NoiseLaw {
  return { shape, scales: new Float64Array(points.n).fill(scale), levels: [scale] };
}

function twoLevels(points: Points, sigma: number, contrast: number, rng: Rng): NoiseLaw {
  requirePositive('sigma', sigma);
  if (!(contrast >= 0 && contrast <= 1)) throw invalidArgument('contrast', contrast, 'a number in [0, 1]');
  const [low, high] = [sigma * Math.sqrt(1 - contrast), sigma * Math.sqrt(1 + contrast)];
  const v = sphere(rng.split('direction'), 1, points.d);
  const scales = Float64Array.from({ length: points.n }, (_, i) => (dot(points, i, v, 0) < 0 ? low : high));
  return { shape: 'gaussian', scales, ...(points.distribution?.symmetric && { levels: [low, high] }) };
}

function standardNoise(shape: PointNoise['shape'], count: number, rng: Rng): Float64Array {
  switch (shape) {
    case 'gaussian':
      return normal(rng, count);
    case 'uniform':
      return uniform(rng, count, -1, 1);
    case 'signs':
      return signs(rng, count);
  }
}

function clippedVariance(
  signal: Signal,
  shape: PointNoise['shape'],
  levels: readonly number[] | undefined,
): number | undefined {
  const law = signal.law;
  if (law === undefined || levels === undefined) return undefined;
  // With two noise levels and a signal of several magnitudes their joint law would be needed.
  if (levels.length > 1 && law.nodes.length > 1) return undefined;
  const averages = levels.map((scale) =>
    law.nodes.reduce((sum, g, j) => sum + law.weights[j]! * clippedMoments(g, { shape, scale }).variance, 0),
  );
  return mean(averages);
}

function mean(values: readonly number[] | undefined): number | undefined {
  return values && values.reduce((sum, value) => sum + value, 0) / values.length;
}

function describe(signal: Signal, noise: Noise): string {
  const { kind, ...parameters } = noise;
  const list = Object.entries(parameters).map(([key, value]) => `${key} ${value}`);
  return `labels: ${signal.name}; noise: ${[kind, ...list].join(', ')}`;
}
