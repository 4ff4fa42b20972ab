// The largest radius that a proof reaches: a search over radii, by what proven margins at some radii say of others.

/** Searches end when the radius is known to this fraction. */
const RESOLUTION = 1.01;

/** Predicted radii are taken smaller by this fraction, so that where margins are linear they succeed. */
const CAUTION = 1e-7;

/** More proofs than this are not tried. */
const MOST_TRIALS = 80;

/** Steps from one trial to the next grow, 8, 64, 4096, ...; after failures only past NEAR, and there up to this one. */
const MOST_STEP = 1e16;
const NEAR = 1e4;

interface Trial {
  readonly radius: number;
  readonly margins: ArrayLike<number>;
  readonly least: number;
}

/**
 * A radius at which the proof succeeds while it fails at some radius at most 1 % larger; less after `stop`. Where all margins are
 * linear in the radius, three proofs give it to a relative 1e-7.
 *
 * Margins are taken to fall with the radius, faster and faster; where they do not, the result is still proven and only the search
 * takes longer.
 *
 * @param margins proven margins at a radius, as many at each: all > 0 are a proof, -Infinity stands for no bound.
 * @param atCentre the margins at radius 0, > 0.
 * @param first the first trial, > 0.
 * @param most the largest radius of interest; returned when proven.
 * @returns 0 where no proof succeeded.
 */
export function largestRadius(
  margins: (radius: number) => ArrayLike<number>,
  atCentre: ArrayLike<number>,
  first: number,
  most: number,
  stop: () => boolean,
): number {
  const at = (radius: number, found: ArrayLike<number>): Trial => ({
    radius,
    margins: found,
    least: leastOf(found),
  });
  let low = at(0, atCentre);
  let before = low;
  let high: Trial | undefined;
  let step = 8;
  let trial = Math.min(first, most);
  for (let count = 1; count <= MOST_TRIALS && trial > 0; count++) {
    const found = at(trial, margins(trial));
    if (found.least > 0) [before, low] = [low, found];
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

/** Past the last success, as far as the lines through the last two go. */
function grown(before: Trial, low: Trial, step: number): number {
  const ahead = firstZero(low, (r) => secant(before, low, r));
  return Math.max(closing(low), Math.min(step * low.radius, ahead * (1 - CAUTION)));
}

/** Below the first failures: at first not far, as the margins at the centre are known. */
function shrunk(centre: Trial, high: Trial, step: number): number {
  if (step > MOST_STEP) return 0;
  if (step > NEAR) return high.radius / step;
  const chord = firstZero(high, (r) => secant(centre, high, r)) * (1 - CAUTION);
  return Math.max(high.radius / 8, Math.min(chord, step > 8 ? 0.5 * high.radius : 0.9 * high.radius));
}

/**
 * Where the parabolas through three trials are zero first; a little less where they bend, since a success near the end is
 * worth most.
 */
function between(before: Trial, low: Trial, high: Trial): number {
  let straight = true;
  let nearest = Infinity;
  for (let r = 0; r < low.margins.length; r++) {
    const [value, end] = [low.margins[r]!, high.margins[r]!];
    const first = (value - before.margins[r]!) / (low.radius - before.radius);
    const second = (end - value) / (high.radius - low.radius);
    const curvature = (second - first) / (high.radius - before.radius);
    const slope = first + curvature * (low.radius - before.radius);
    const ahead = (2 * value) / (-slope + Math.sqrt(Math.max(0, slope * slope - 4 * curvature * value)));
    if (end === -Infinity) return middle(low, high);
    if (!(ahead > 0 && ahead < nearest)) continue;
    nearest = ahead;
    straight = Math.abs(curvature * ahead * ahead) < 1e-6 * value;
  }
  const predicted = (low.radius + nearest) * (1 - (straight ? CAUTION : 0.25 * (RESOLUTION - 1)));
  if (!(predicted < high.radius)) return middle(low, high);
  return predicted > low.radius * (1 + 0.4 * (RESOLUTION - 1))
    ? predicted
    : Math.min(closing(low), middle(low, high));
}

const middle = (low: Trial, high: Trial): number => Math.sqrt(low.radius) * Math.sqrt(high.radius);

/** Just within the resolution: a failure there ends the search. */
const closing = ({ radius }: Trial): number => radius * (RESOLUTION - 1e-6);

/** Where the line through both trials of one margin is zero; Infinity where it does not fall. */
function secant(a: Trial, b: Trial, r: number): number {
  const slope = (a.margins[r]! - b.margins[r]!) / (b.radius - a.radius);
  return slope > 0 ? a.radius + a.margins[r]! / slope : Infinity;
}

function firstZero({ margins }: Trial, zeroOf: (r: number) => number): number {
  let first = Infinity;
  for (let r = 0; r < margins.length; r++) first = Math.min(first, zeroOf(r));
  return first;
}

function leastOf(margins: ArrayLike<number>): number {
  let least = Infinity;
  for (let r = 0; r < margins.length; r++)
    least = Number.isNaN(margins[r]!) ? -Infinity : Math.min(least, margins[r]!);
  return least;
}
