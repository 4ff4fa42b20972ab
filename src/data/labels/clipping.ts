// Mean and variance of a noisy label clipped to [-1, 1]: E and Var of clip(g + Z), in closed form.

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
      const [pBelow, pAbove] = [normalTail(-a), normalTail(b)];
      const pInside = Math.max(0, 1 - pBelow - pAbove);
      const slope = scale * (normalDensity(a) - normalDensity(b));
      const spread = scale ** 2 * (pInside + timesDensity(a) - timesDensity(b));
      return [
        below * pBelow + above * pAbove + shift * pInside + slope,
        below ** 2 * pBelow + above ** 2 * pAbove + shift ** 2 * pInside + 2 * shift * slope + spread,
      ];
    }
  }
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

/** P(Z > t) for a standard normal Z: the series of the error function near 0, Laplace's continued fraction beyond 3. */
function normalTail(t: number): number {
  if (t < 0) return 1 - normalTail(-t);
  if (t > 40) return 0;
  if (t < 3) {
    let [term, sum] = [t, t];
    for (let k = 1; Math.abs(term) > 1e-18 * sum; k++) sum += term *= (t * t) / (2 * k + 1);
    return 0.5 - normalDensity(t) * sum;
  }
  let fraction = t;
  for (let k = 100; k >= 1; k--) fraction = t + k / fraction;
  return normalDensity(t) / fraction;
}
