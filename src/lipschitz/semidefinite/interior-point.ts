// An interior point method for the semidefinite program of LipSDP, every iterate of which is a bound.
import { choleskySolve, type Matrix, matrix, tryCholesky } from '../../linalg/index.ts';
import type { Stop } from '../../stop.ts';
import { type Barrier, barrierOf, type Groups, type Interior, multipliersOf } from './barrier.ts';
import type { Point } from './closed-forms.ts';
import type { Program } from './program.ts';

/**
 * Maximises rho. From a strictly feasible start, the maximisers of
 *
 *     q log rho + log det F(lambda, rho) + sum_g log mu_g
 *
 * are followed for growing q by Newton's method with a line search on this value (`barrierOf`). Every iterate is strictly
 * feasible, hence a bound; at the maximiser the optimum is at most a fraction size / q above rho, `size` that of the barrier.
 *
 * Time: per step two or three values and the derivatives of the barrier, and N^3 / 6 multiply-adds for N groups; 40 to 200
 * steps to a gap of 1e-7.
 *
 * @param start strictly feasible multipliers of the groups and rho.
 * @param gap of the first maximiser; the start should be near it.
 * @param tolerance gap of the last one.
 * @param visit sees every iterate, and the gap if it is a maximiser.
 */
export function followPath(
  program: Program,
  groups: Groups,
  start: { readonly mu: Float64Array; readonly rho: number },
  gap: number,
  tolerance: number,
  stop: Stop,
  visit: (point: Point, gap: number | undefined) => void,
): void {
  const barrier = barrierOf(program, groups);
  const seen = ({ mu, rho }: Interior): Point => ({ lambda: multipliersOf(program, groups, mu), rho });
  const first = barrier.at(start.mu, start.rho);
  if (!first) return;
  let here: Interior = first;
  let growth = FIRST_GROWTH;
  let retreats = 0;
  for (let q = barrier.size / gap; ; q *= growth) {
    let steps = 0;
    for (; steps < MOST_STEPS; steps++) {
      if (stop()) return;
      const direction = newton(barrier, here, q);
      if (!direction || !(direction.decrement > DECREMENT)) break;
      const next = search(barrier, here, q, direction);
      if (!next) break;
      here = next;
      visit(seen(here), undefined);
    }
    if (steps === MOST_STEPS && retreats < MOST_RETREATS) {
      // Far from the maximiser and close to the boundary, steps become tiny: return to the middle first.
      q /= RETREAT * growth;
      retreats++;
      continue;
    }
    visit(seen(here), barrier.size / q);
    if (barrier.size / q <= tolerance) return;
    growth = Math.max(2, Math.min(LARGEST_GROWTH, steps <= 5 ? growth * 2 : steps > 8 ? growth / 2 : growth));
  }
}

const FIRST_GROWTH = 4;
const LARGEST_GROWTH = 32;
const MOST_STEPS = 50;
const RETREAT = 64;
const MOST_RETREATS = 3;
/** Newton decrement squared below which a value of q is done: the next one moves further than what is left. */
const DECREMENT = 0.1;
const ARMIJO = 0.1;
const SHORTEST_STEP = 2 ** -30;

interface Direction {
  readonly mu: Float64Array;
  readonly rho: number;
  /** Newton decrement squared: about twice what the value is below its maximum. */
  readonly decrement: number;
}

/** The Newton step. */
function newton(barrier: Barrier, here: Interior, q: number): Direction | undefined {
  const { gradient, hessian } = barrier.derivatives(here);
  const { mu, rho } = here;
  const size = gradient.length;
  gradient[size - 1]! += q / rho;
  hessian.data[size * size - 1]! += q / rho ** 2;
  // In units of the variables the system is balanced.
  const units = Float64Array.from({ length: size }, (_, i) => (i < size - 1 ? mu[i]! : rho));
  for (let i = 0; i < size; i++) {
    gradient[i]! *= units[i]!;
    for (let j = 0; j <= i; j++) hessian.data[i * size + j]! *= units[i]! * units[j]!;
  }
  const solution = solved(hessian, gradient);
  const decrement = solution ? solution.reduce((sum, x, i) => sum + x * gradient[i]!, 0) : Number.NaN;
  if (!solution || !Number.isFinite(decrement)) return undefined;
  const step = solution.map((x, i) => x * units[i]!);
  return { mu: step.subarray(0, size - 1), rho: step[size - 1]!, decrement };
}

/** H^-1 g, with a multiple of the diagonal added where rounding has made H indefinite. */
function solved(h: Matrix, g: Float64Array): Float64Array | undefined {
  const n = h.rows;
  for (let damping = 0; damping < 1; damping = damping === 0 ? 2 ** -40 : damping * 64) {
    const damped = matrix(n, n, h.data.slice());
    for (let i = 0; i < n; i++) damped.data[i * n + i]! *= 1 + damping;
    const factor = tryCholesky(damped);
    if (factor) return choleskySolve(factor, g);
  }
  return undefined;
}

/**
 * The best of the steps 1, 1/2, 1/4, ...: the value is concave along the line, so they are tried as long as that gains. A
 * step that stops close to the boundary would cost many short ones to leave it. Undefined when none gains enough.
 */
function search(barrier: Barrier, here: Interior, q: number, direction: Direction): Interior | undefined {
  let length = 1;
  for (let g = 0; g < here.mu.length; g++) {
    if (direction.mu[g]! < 0) length = Math.min(length, (-0.99 * here.mu[g]!) / direction.mu[g]!);
  }
  let best: Interior | undefined;
  let most = 0;
  for (; length > SHORTEST_STEP; length /= 2) {
    const mu = here.mu.map((m, g) => m + length * direction.mu[g]!);
    const next = barrier.at(mu, here.rho + length * direction.rho);
    if (!next) continue;
    const gain = q * Math.log(next.rho / here.rho) + next.value - here.value;
    if (best && !(gain > most)) return best;
    if (gain >= ARMIJO * length * direction.decrement) {
      [best, most] = [next, gain];
      if (length === 1) return best;
    }
  }
  return best;
}
