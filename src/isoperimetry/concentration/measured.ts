// What a set found on some rows shows about the concentration of the distribution, measured on other rows.

import type { Estimate } from '../../guarantee/index.ts';
import { binomialInterval } from '../../numeric/index.ts';
import { percent, short } from '../../words/index.ts';
import { type ExpansionNorm, type FoundSet, inExpansion } from './sets.ts';
import type { Split } from './split.ts';

/**
 * A set E and the mass of its expansion E_epsilon = { x : |x - e| <= epsilon for some e in E }.
 *
 * The concentration function h(alpha, epsilon) = inf { mu(E_epsilon) : mu(E) >= alpha } is the least adversarial risk that
 * any classifier with risk at least alpha can have (its errors are an E). One set shows h from above only: if mu(E) >= alpha
 * then h(alpha, epsilon) <= mu(E_epsilon). So `expanded` is an estimate of how much adversarial risk concentration can be
 * made to explain with sets of this family, and is no lower bound on the adversarial risk of a classifier. The intervals of
 * both masses have confidence 95 % each, and so 90 % together.
 */
export interface MeasuredExpansion {
  readonly family: 'half-spaces' | 'balls' | 'boxes';
  readonly norm: ExpansionNorm;
  readonly alpha: number;
  readonly epsilon: number;
  /** E, chosen on the training rows; `inExpansion` says what it holds. */
  readonly set: FoundSet;
  /** mu(E), from the held-out rows. */
  readonly risk: Estimate;
  /** mu(E_epsilon), from the held-out rows, or of a set that holds E_epsilon. */
  readonly expanded: Estimate;
  /** Numbers of rows. */
  readonly rows: { readonly training: number; readonly heldOut: number };
  /** Whether the search for E came to its end; if it was stopped, a better set may have been missed. */
  readonly complete: boolean;
  /** What this says about classifiers, in one or two sentences. */
  readonly meaning: string;
}

/** Confidence of each interval of its own. */
const CONFIDENCE = 0.95;

/** Measures a set on the held-out rows: counts, and intervals of Clopper and Pearson, which hold as E does not depend on these rows. */
export function measureExpansion(
  points: ArrayLike<number>,
  features: number,
  { training, heldOut }: Split,
  found: Pick<MeasuredExpansion, 'family' | 'norm' | 'alpha' | 'epsilon' | 'set' | 'complete'>,
): MeasuredExpansion {
  const within = (rows: Int32Array, epsilon: number) =>
    rows.filter((row) => inExpansion(found.set, epsilon, points, features, row));
  const mass = ({ length: inside }: Int32Array): Estimate => ({
    kind: 'estimate',
    value: inside / heldOut.length,
    interval: binomialInterval(inside, heldOut.length, CONFIDENCE),
    confidence: CONFIDENCE,
    method: `share of ${heldOut.length} held-out rows, interval of Clopper and Pearson`,
  });
  const reached = within(heldOut, found.epsilon);
  const expanded = mass(reached);
  // A set lies in its expansion: other rows need not be looked at.
  const risk = found.epsilon === 0 ? expanded : mass(within(reached, 0));
  return {
    ...found,
    risk,
    expanded,
    rows: { training: training.length, heldOut: heldOut.length },
    meaning: meaning(found, risk, expanded),
  };
}

function meaning(
  { norm, alpha, epsilon }: Pick<MeasuredExpansion, 'norm' | 'alpha' | 'epsilon'>,
  risk: Estimate,
  expanded: Estimate,
): string {
  const claim =
    `A classifier that errs exactly on the set found has risk ${percent(risk.value)} and, for changes of at most ` +
    `${short(epsilon)} in ${norm}, adversarial risk ${percent(expanded.value)} ` +
    `(${percent(expanded.interval[0])} to ${percent(expanded.interval[1])})`;
  const [wanted, most] = [percent(alpha), percent(expanded.interval[1])];
  const limit = `concentration alone does not force more than ${most} on every classifier with risk at least ${wanted}`;
  if (risk.interval[0] >= alpha) return `${claim}. So ${limit}.`;
  return risk.interval[1] < alpha
    ? `${claim}. The set is smaller than ${wanted} of the held-out rows, and says nothing about classifiers with risk at least ${wanted}.`
    : `${claim}. If its risk reaches ${wanted}, which the held-out rows leave open, then ${limit}.`;
}
