// Every trial as a row of named, typed columns: what results.csv and results.parquet hold.
import type { StudyResult, TrialOutcome, TrialResult } from '../study/index.ts';

/** Type of a column's values. Integers are whole; a number that is not finite is no value. */
export type ColumnType = 'text' | 'integer' | 'real' | 'boolean';

/** A value, or null where the trial has none. */
export type CellValue = string | number | boolean | null;

export interface TrialColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** One value per trial, in the order of the study. */
  readonly values: readonly CellValue[];
}

/**
 * The columns, in an order that does not change between studies. A bound, a witness and an exact value never share
 * one. Durations are not among them: the same study on the same kind of machine gives the same table.
 */
export function trialTable(result: StudyResult): readonly TrialColumn[] {
  return COLUMNS.map(([name, type, read]) => ({
    name,
    type,
    values: result.outcomes.map((outcome) => cell(read(outcome))),
  }));
}

type Read = (outcome: TrialOutcome) => string | number | boolean | undefined;

const COLUMNS: readonly (readonly [name: string, type: ColumnType, read: Read])[] = [
  ['trial', 'text', ({ trial }) => trial.id],
  ['data', 'text', ({ trial }) => trial.data],
  ['family', 'text', ({ trial }) => trial.family],
  ['size', 'real', ({ trial }) => trial.size],
  ['seed', 'integer', ({ trial }) => trial.seed],
  ['state', 'text', ({ state }) => state],
  ['n', 'integer', done(({ n }) => n)],
  ['d', 'integer', done(({ d }) => d)],
  ['parameter_count', 'integer', done(({ parameterCount }) => parameterCount)],
  ['fixed_parameters', 'integer', done(({ fixedParameters }) => fixedParameters)],
  ['interpolation_error', 'real', done(({ interpolationError }) => interpolationError)],
  ['mean_squared_error', 'real', done(({ meanSquaredError }) => meanSquaredError)],
  ['noise_variance', 'real', done(({ noiseVariance }) => noiseVariance)],
  ['memorization', 'text', done(({ memorization }) => memorization)],
  ['memorized', 'boolean', done(({ memorized }) => memorized)],
  ['lipschitz_exact', 'real', exact(({ value }) => value)],
  ['lipschitz_exact_enclosure_low', 'real', exact(({ enclosure }) => enclosure[0])],
  ['lipschitz_exact_enclosure_high', 'real', exact(({ enclosure }) => enclosure[1])],
  [
    'lipschitz_certified_upper',
    'real',
    done(({ lipschitz: { upper } }) => (upper.kind === 'upper' ? upper.value : undefined)),
  ],
  ['lipschitz_product_of_norms', 'real', done(({ lipschitz }) => lipschitz.product?.value)],
  ['lipschitz_witnessed_lower', 'real', done(({ lipschitz }) => lipschitz.lower?.value)],
  ['largest_fresh_gradient', 'real', done(({ gradients }) => gradients?.largest.value)],
  ['mean_squared_gradient', 'real', done(({ gradients }) => gradients?.meanSquare.value)],
  ['mean_squared_gradient_low', 'real', done(({ gradients }) => gradients?.meanSquare.interval[0])],
  ['mean_squared_gradient_high', 'real', done(({ gradients }) => gradients?.meanSquare.interval[1])],
  ['sensitivity', 'real', done(({ gradients }) => gradients?.sensitivity?.value)],
  ['sensitivity_low', 'real', done(({ gradients }) => gradients?.sensitivity?.interval[0])],
  ['sensitivity_high', 'real', done(({ gradients }) => gradients?.sensitivity?.interval[1])],
  ['fresh_points', 'integer', done(({ gradients }) => gradients?.points)],
  ['upper_method', 'text', done(({ lipschitz }) => lipschitz.upper.method)],
  ['lower_method', 'text', done(({ lipschitz }) => lipschitz.lower?.method)],
  ['norm', 'text', done(({ lipschitz }) => lipschitz.upper.norm)],
  ['domain', 'text', done(({ lipschitz }) => lipschitz.upper.domain.kind)],
  ['arithmetic', 'text', done(({ lipschitz }) => lipschitz.upper.arithmetic)],
  ['law_scaling', 'real', done(({ law }) => law.scaling)],
  ['law_certified_lower_bound', 'real', done(({ law }) => law.certifiedBound)],
  ['law_confidence', 'real', done(({ law }) => law.certifiedConfidence)],
  ['law_hypotheses_hold', 'boolean', done(({ law }) => law.hypotheses?.every(({ holds }) => holds))],
  ['mcshane_optimum', 'real', done(({ law }) => law.mcShaneOptimum)],
  ['training_steps', 'integer', done(({ training }) => training?.steps)],
  ['training_reason', 'text', done(({ training }) => training?.reason)],
  ['error_code', 'text', (outcome) => (outcome.state === 'failed' ? outcome.error.code : undefined)],
  ['error_message', 'text', (outcome) => (outcome.state === 'failed' ? outcome.error.message : undefined)],
];

function done(read: (result: TrialResult) => string | number | boolean | undefined): Read {
  return (outcome) => (outcome.state === 'done' ? read(outcome.result) : undefined);
}

type Exact = Extract<TrialResult['lipschitz']['upper'], { kind: 'exact' }>;

function exact(read: (upper: Exact) => number): Read {
  return done(({ lipschitz: { upper } }) => (upper.kind === 'exact' ? read(upper) : undefined));
}

/** Text is made well-formed, so that both formats can hold it. */
function cell(value: string | number | boolean | undefined): CellValue {
  if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) return null;
  if (typeof value === 'string') return value.toWellFormed();
  return Object.is(value, -0) ? 0 : value;
}
