// The reverse Weibull distribution, the limit law of maxima of bounded quantities (Fisher and Tippett 1928): maximum
// likelihood and goodness of fit.

/** P(X <= x) = exp(-((location - x) / scale)^shape) for x < location, and 1 above: `location` is the largest value. */
export interface ReverseWeibull {
  readonly location: number;
  readonly scale: number;
  readonly shape: number;
}

/** The distribution function. */
export function reverseWeibullCdf({ location, scale, shape }: ReverseWeibull, x: number): number {
  return x >= location ? 1 : Math.exp(-(((location - x) / scale) ** shape));
}

/** The value below which a share `p` in (0, 1) lies. */
export function reverseWeibullQuantile({ location, scale, shape }: ReverseWeibull, p: number): number {
  return location - scale * (-Math.log(p)) ** (1 / shape);
}

/** Below shape 1 the likelihood is unbounded as the location falls to the largest observation (Smith 1985). */
const LEAST_SHAPE = 1;
/** Locations up to so many ranges of the sample above its largest observation are compared, */
const FARTHEST = 100;
/** from so few. */
const NEAREST = 1e-6;

/**
 * The reverse Weibull distribution of largest likelihood with shape at least 1 for a sample of at least three numbers,
 * not all equal: the profile likelihood of the location is searched from just above the largest observation to 100
 * ranges of the sample above it. `undefined` where it still rises there: the sample then looks as though it had no upper
 * end (its limit is Gumbel's law). Estimate.
 */
export function fitReverseWeibull(sample: Float64Array): ReverseWeibull | undefined {
  const largest = sample.reduce((a, b) => Math.max(a, b));
  const range = largest - sample.reduce((a, b) => Math.min(a, b));
  const depths = sample.map((x) => (largest - x) / range);
  const at = (log: number) => profile(depths, Math.exp(log));
  const [from, to] = [Math.log(NEAREST), Math.log(FARTHEST)];
  const grid = Array.from({ length: GRID + 1 }, (_, i) => from + ((to - from) * i) / GRID);
  const heights = grid.map((log) => at(log).likelihood);
  const top = heights.indexOf(heights.reduce((a, b) => Math.max(a, b)));
  if (top === GRID) return undefined;
  const log = goldenMaximum((t) => at(t).likelihood, grid[Math.max(0, top - 1)]!, grid[top + 1]!);
  const { scale, shape } = at(log);
  return { location: largest + range * Math.exp(log), scale: range * scale, shape };
}

const GRID = 12;

/** The best scale and shape for depths z_i + excess below the location, and the mean log likelihood. */
function profile(depths: Float64Array, excess: number): { scale: number; shape: number; likelihood: number } {
  const logs = depths.map((z) => Math.log(z + excess));
  const mean = logs.reduce((a, b) => a + b) / logs.length;
  const shape = Math.max(LEAST_SHAPE, shapeOf(logs, mean));
  const top = logs.reduce((a, b) => Math.max(a, b));
  const power = logs.reduce((sum, l) => sum + Math.exp(shape * (l - top)), 0) / logs.length;
  const logScale = top + Math.log(power) / shape;
  return {
    scale: Math.exp(logScale),
    shape,
    // log c - c log b + (c - 1) mean(log z) - mean((z / b)^c), and the last mean is 1 at the best scale.
    likelihood: Math.log(shape) - shape * logScale + (shape - 1) * mean - 1,
  };
}

/** The root c of sum z^c log z / sum z^c - 1/c = mean(log z), which increases in c: Newton's method, kept in a bracket. */
function shapeOf(logs: Float64Array, mean: number): number {
  const top = logs.reduce((a, b) => Math.max(a, b));
  let [low, high] = [1e-3, 1e9];
  // The logarithm of a Weibull number has standard deviation pi / (sqrt(6) c).
  const spread = Math.sqrt(logs.reduce((sum, l) => sum + (l - mean) ** 2, 0) / logs.length);
  let c = Math.min(Math.max(Math.PI / (Math.sqrt(6) * spread), 2 * low), high / 2);
  for (let round = 0; round < 60; round++) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    for (let i = 0; i < logs.length; i++) {
      const l = logs[i]!;
      const w = Math.exp(c * (l - top));
      s0 += w;
      s1 += w * l;
      s2 += w * l * l;
    }
    const value = s1 / s0 - 1 / c - mean;
    if (value > 0) high = c;
    else low = c;
    const slope = s2 / s0 - (s1 / s0) ** 2 + 1 / (c * c);
    const next = c - value / slope;
    const halfway = value > 0 ? Math.max(c / 2, Math.sqrt(low * c)) : Math.min(2 * c, Math.sqrt(c * high));
    const kept = next > low && next < high ? next : halfway;
    if (Math.abs(kept - c) <= 1e-9 * c) return kept;
    c = kept;
  }
  return c;
}

function goldenMaximum(f: (t: number) => number, from: number, to: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [from, to];
  let [c, d] = [b - ratio * (b - a), a + ratio * (b - a)];
  let [fc, fd] = [f(c), f(d)];
  for (let round = 0; round < 22; round++) {
    if (fc >= fd) {
      [b, d, fd] = [d, c, fc];
      c = b - ratio * (b - a);
      fc = f(c);
    } else {
      [a, c, fc] = [c, d, fd];
      d = a + ratio * (b - a);
      fd = f(d);
    }
  }
  return (a + b) / 2;
}

/** sup_x |F_n(x) - F(x)|, Kolmogorov's distance between a sample and a distribution function. */
export function kolmogorovDistance(sample: Float64Array, cdf: (x: number) => number): number {
  const sorted = sample.slice().sort();
  const n = sorted.length;
  return sorted.reduce((most, x, i) => {
    const p = cdf(x);
    return Math.max(most, p - i / n, (i + 1) / n - p);
  }, 0);
}
