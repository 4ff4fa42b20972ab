// Mean and variance of a noisy label clipped to [-1, 1]: E and Var of clip(g + Z), in closed form.
import { normalCdf } from '../../numeric/index.ts';

/** The noise at one point: `scale` times a standard normal, a uniform number on [-1, 1], or a fair sign. */
export interface PointNoise {
  readonly shape: 'gaussian' | 'uniform' | 'signs';
  readonly scale: number;
}

/** Var Z, exactly. */
export function pointVariance({ shape, scale }: PointNoise): number {
  return shape === 'uniform' ? scale ** 2 / 3 : scale ** 2;
}

/** E and Var of clip(g + Z) to [-1, 1], exact up to rounding. */
export function clippedMoments(g: number, { shape, scale }: PointNoise): { mean: number; variance: number } {
  // All moments are taken around the clipped signal, so that small noise loses no digits to cancellation.
  const centre = clip(g);
  if (scale === 0) return { mean: centre, variance: 0 };
  const [first, second] = momentsAround(centre, g, shape, scale);
  return { mean: centre + first, variance: Math.max(0, second - first * first) };
}

function momentsAround(
  centre: number,
  g: number,
  shape: PointNoise['shape'],
  scale: number,
): readonly [number, number] {
  const [below, above, shift] = [-1 - centre, 1 - centre, g - centre];
  switch (shape) {
    case 'signs': {
      const [low, high] = [clip(g - scale) - centre, clip(g + scale) - centre];
      return [(low + high) / 2, (low * low + high * high) / 2];
    }
    case 'uniform': {
      // Unclipped while Z is in [low, high].
      const low = Math.min(scale, Math.max(-scale, -1 - g));
      const high = Math.min(scale, Math.max(-scale, 1 - g));
      const [pBelow, pAbove] = [(low + scale) / (2 * scale), (scale - high) / (2 * scale)];
      const moment = (k: number) => ((shift + high) ** k - (shift + low) ** k) / k / (2 * scale);
      return [
        below * pBelow + above * pAbove + moment(2),
        below ** 2 * pBelow + above ** 2 * pAbove + moment(3),
      ];
    }
    case 'gaussian': {
      // Unclipped while Z / scale is in [a, b].
      const [a, b] = [(-1 - g) / scale, (1 - g) / scale];
      const [pBelow, pAbove] = [normalCdf(a), normalCdf(-b)];
      const [insideFirst, insideSecond] =
        scale < 1 ? insideNarrow(a, b, shift, scale) : insideWide(centre, g, scale);
      return [
        below * pBelow + above * pAbove + insideFirst,
        below ** 2 * pBelow + above ** 2 * pAbove + insideSecond,
      ];
    }
  }
}

/** E[W; a <= Z <= b] and E[W^2; a <= Z <= b] for W = shift + scale Z, from the moments of the truncated normal. */
function insideNarrow(a: number, b: number, shift: number, scale: number): readonly [number, number] {
  const pInside = Math.max(0, 1 - normalCdf(a) - normalCdf(-b));
  const slope = scale * (normalDensity(a) - normalDensity(b));
  const spread = scale ** 2 * (pInside + timesDensity(a) - timesDensity(b));
  return [shift * pInside + slope, shift ** 2 * pInside + 2 * shift * slope + spread];
}

/** Gauss-Legendre nodes (positive half) and weights on [-1, 1], 10 points. */
const NODES = [
  0.14887433898163122, 0.4333953941292472, 0.6794095682990244, 0.8650633666889845, 0.9739065285171717,
];
const WEIGHTS = [
  0.29552422471475287, 0.26926671930999635, 0.21908636251598204, 0.1494513491505806, 0.06667134430868814,
];

/** The same for scale >= 1, where those moments cancel and the density is so flat on [-1, 1] that ten points integrate it to rounding. */
function insideWide(centre: number, g: number, scale: number): readonly [number, number] {
  let [first, second] = [0, 0];
  NODES.forEach((node, j) => {
    for (const t of [-node, node]) {
      const weight = (WEIGHTS[j]! * normalDensity((t - g) / scale)) / scale;
      first += weight * (t - centre);
      second += weight * (t - centre) ** 2;
    }
  });
  return [first, second];
}

function clip(value: number): number {
  return Math.min(1, Math.max(-1, value));
}

function normalDensity(t: number): number {
  return Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
}

/** t times its density, 0 in the limit of infinite t. */
function timesDensity(t: number): number {
  return Math.abs(t) > 40 ? 0 : t * normalDensity(t);
}
