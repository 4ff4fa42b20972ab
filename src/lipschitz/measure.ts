// A Lipschitz constant by every method that applies, from both sides.
import { RobustlawError } from '../errors.ts';
import type { Model } from '../graph/index.ts';
import type {
  Answer,
  CertifiedUpperBound,
  Exact,
  LipschitzMeasurement,
  UpperGuarantee,
  WitnessedLowerBound,
} from '../guarantee/index.ts';
import { upperEnd } from '../guarantee/index.ts';
import type { Rng } from '../random/index.ts';
import type { Stop } from '../stop.ts';
import { METHODS } from './methods.ts';
import { type Question, taskOf } from './task.ts';
import { clever } from './witness/clever.ts';

/** How long the search may take. */
export interface Effort {
  /** For the whole question. Methods that cannot be stopped between steps may take longer. */
  readonly seconds: number;
  /** Whether the user has had enough. */
  readonly stop: Stop;
  /** Whether to sample the CLEVER estimate as well, on a ball or box. */
  readonly clever: boolean;
}

/**
 * Asks every method of `METHODS` that fits the norm and the domain, cheap ones first, until one is exact, and puts the constant between the
 * largest witness and the least certificate. A method that cannot take the model says why in its answer.
 *
 * @param starts points `[count, features]` where searches start, usually the data; may be empty.
 * @param observe is handed each answer when it is there.
 * @throws internal with both numbers if any witness exceeds any certificate; what the model or the points have wrong.
 */
export async function measureLipschitz(
  model: Model,
  { norm, domain }: Question,
  starts: Float64Array,
  rng: Rng,
  effort: Effort,
  observe: (answer: Answer) => void = () => {},
): Promise<LipschitzMeasurement> {
  const task = taskOf(model, { norm, domain }, starts, rng, effort.seconds, effort.stop);
  const answers: Answer[] = [];
  const asked = METHODS.filter(({ norms, domains }) => norms.includes(norm) && domains.includes(domain.kind));
  for (const { name, run } of asked) {
    const start = performance.now();
    const seconds = () => (performance.now() - start) / 1e3;
    const { upper } = tightest(answers);
    if (upper?.kind === 'exact') break;
    const ceiling = upper ? upperEnd(upper) : Number.POSITIVE_INFINITY;
    let answer: Answer;
    if (effort.stop() && upper) answer = { method: name, guarantees: [], note: 'stopped', seconds: 0 };
    else {
      try {
        const guarantees = await run({ ...task, rng: rng.split(name) }, ceiling);
        answer = { method: name, guarantees, seconds: seconds() };
      } catch (error) {
        if (!(error instanceof RobustlawError) || error.code !== 'unsupported-op') throw error;
        answer = { method: name, guarantees: [], note: error.message, seconds: seconds() };
      }
    }
    answers.push(answer);
    observe(answer);
  }
  requireOrder(answers, rng);
  const estimate =
    effort.clever && domain.kind !== 'global'
      ? await clever(model, norm, domain, rng.split('clever'))
      : undefined;
  return { norm, domain, ...tightest(answers), answers, ...(estimate && { estimate }) };
}

/** The largest witness and the least certificate. */
function tightest(answers: readonly Answer[]): Pick<LipschitzMeasurement, 'lower' | 'upper'> {
  const guarantees = answers.flatMap((answer) => answer.guarantees);
  const lower = guarantees.filter(isLower).reduce(
    better((a, b) => a.value > b.value),
    undefined,
  );
  const uppers = guarantees.filter(isUpper);
  const least = uppers.reduce(
    better((a, b) => upperEnd(a) < upperEnd(b)),
    undefined,
  );
  // A bound beside an exact value may lie below it by a rounding, but says less.
  const upper = uppers.find(({ kind }) => kind === 'exact') ?? least;
  return { lower, upper };
}

/** Keeps the first of those that are best. */
function better<T>(beats: (a: T, b: T) => boolean): (best: T | undefined, next: T) => T {
  return (best, next) => (best === undefined || beats(next, best) ? next : best);
}

/** The caller verifies the callee: no certificate lies below a witness. */
function requireOrder(answers: readonly Answer[], rng: Rng): void {
  const { lower } = tightest(answers);
  for (const upper of answers.flatMap(({ guarantees }) => guarantees.filter(isUpper))) {
    if (lower && !(lower.value <= upperEnd(upper))) {
      throw new RobustlawError(
        'internal',
        `the ${upper.method} certifies ${upperEnd(upper)}, but a pair of points (${lower.method}) attains ${lower.value} in ${lower.norm} (key ${rng.path})`,
      );
    }
  }
}

function isLower(guarantee: Answer['guarantees'][number]): guarantee is WitnessedLowerBound {
  return guarantee.kind === 'lower';
}

function isUpper(guarantee: Exact | CertifiedUpperBound | WitnessedLowerBound): guarantee is UpperGuarantee {
  return guarantee.kind !== 'lower';
}
