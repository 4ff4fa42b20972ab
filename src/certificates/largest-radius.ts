// The largest radius that a proof reaches: a search over radii, by secants of the proven margin.

/** Searches end when the radius is known to this fraction. */
const RESOLUTION = 1.01;

/** Predicted radii are taken smaller by this fraction, so that where the margin is linear they succeed. */
const CAUTION = 1e-7;

/** More proofs than this are not tried. */
const MOST_TRIALS = 80;

/** Steps from one trial to the next grow, 8, 64, 4096, ...; after failures only past NEAR, and there up to this one. */
const MOST_STEP = 1e16;
const NEAR = 1e4;

interface Trial {
  readonly radius: number;
  readonly margin: number;
}

/**
 * A radius at which the proof succeeds while it fails at some radius at most 1 % larger; less after `stop`. Where the margin is
 * linear in the radius, three proofs give it to a relative 1e-7.
 *
 * The proven margin is taken to fall with the radius, faster and faster; where it does not, the result is still proven and only
 * the search takes longer.
 *
 * @param margin the proven margin at a radius: > 0 is a proof, -Infinity where nothing is known.
 * @param atCentre the margin at radius 0, > 0.
 * @param first the first trial, > 0.
 * @param most the largest radius of interest; returned when proven.
 * @returns 0 where no proof succeeded.
 */
export function largestRadius(
  margin: (radius: number) => number,
  atCentre: number,
  first: number,
  most: number,
  stop: () => boolean,
): number {
  let low: Trial = { radius: 0, margin: atCentre };
  let before = low;
  let high: Trial | undefined;
  let step = 8;
  let trial = Math.min(first, most);
  for (let count = 1; count <= MOST_TRIALS && trial > 0; count++) {
    const found = { radius: trial, margin: margin(trial) };
    if (found.margin > 0) [before, low] = [low, found];
    else high = found;
    const settled = low.radius >= most || (high !== undefined && high.radius <= RESOLUTION * low.radius);
    if (settled || stop()) break;
    if (low.radius === 0 || !high) {
      trial = high ? shrunk(low, high, step) : Math.min(most, grown(before, low, step));
      step **= 2;
    } else trial = count % 8 === 0 ? middle(low, high) : between(before, low, high);
  }
  return low.radius;
}

/** Past the last success, as far as the line through the last two goes. */
function grown(before: Trial, low: Trial, step: number): number {
  const ahead = secant(before, low) ?? Infinity;
  return Math.max(closing(low), Math.min(step * low.radius, ahead * (1 - CAUTION)));
}

/** Below the first failures: at first not far, as the margin at the centre is known. */
function shrunk(centre: Trial, high: Trial, step: number): number {
  if (step > MOST_STEP) return 0;
  const chord = secant(centre, high) ?? 0;
  return step > NEAR ? high.radius / step : Math.max(high.radius / 8, Math.min(chord, 0.5 * high.radius));
}

/** Where the parabola through three trials is zero, and a little less, since a success near the end is worth most. */
function between(before: Trial, low: Trial, high: Trial): number {
  const first = (low.margin - before.margin) / (low.radius - before.radius);
  const second = (high.margin - low.margin) / (high.radius - low.radius);
  const curvature = (second - first) / (high.radius - before.radius);
  const slope = first + curvature * (low.radius - before.radius);
  const ahead = (2 * low.margin) / (-slope + Math.sqrt(slope * slope - 4 * curvature * low.margin));
  if (!(ahead > 0)) return middle(low, high);
  const straight = Math.abs(curvature * ahead * ahead) < 1e-6 * low.margin;
  const predicted = (low.radius + ahead) * (1 - (straight ? CAUTION : 0.25 * (RESOLUTION - 1)));
  if (!(predicted < high.radius)) return middle(low, high);
  return predicted > low.radius * (1 + 0.4 * (RESOLUTION - 1))
    ? predicted
    : Math.min(closing(low), middle(low, high));
}

const middle = (low: Trial, high: Trial): number => Math.sqrt(low.radius) * Math.sqrt(high.radius);

/** Just within the resolution: a failure there ends the search. */
const closing = ({ radius }: Trial): number => radius * (RESOLUTION - 1e-6);

/** Where the line through both is zero; undefined where it does not fall. */
function secant(a: Trial, b: Trial): number | undefined {
  const slope = (a.margin - b.margin) / (b.radius - a.radius);
  return slope > 0 && slope < Infinity ? a.radius + a.margin / slope : undefined;
}
