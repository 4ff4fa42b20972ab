// Fits that a study asks for: a measured quantity against the predictor of a theorem, its rivals, and published figures.
import type { Estimate } from '../../guarantee/index.ts';
import { leastSquaresLine } from '../../numeric/index.ts';
import type { Rng } from '../../random/index.ts';
import type {
  FittedGroup,
  PredictorFit,
  PublishedFigure,
  RivalPredictor,
  ScatterPoint,
  TrialOutcome,
} from '../result.ts';
import type { FitQuestion, StudySpecification } from '../specification.ts';
import { binned } from './bins.ts';
import { CONFIDENCE, groupedLine, leaveOneOutErrorOfShift } from './grouped-line.ts';
import { type PublishedFigureName, publishedPoints } from './published.ts';
import { predictorOf, quantityOf } from './quantities.ts';
import { type Finished, finished } from './series.ts';

/** A line through two points always fits. */
const MIN_VALUES = 3;
const MIN_DRAWS = 3;
/** Between the largest and the least value of a predictor. */
const LEAST_RATIO = 1.05;

/** The fits of `analysis.fits`, in order. Guarantee: estimates. */
export function predictorFits(
  study: StudySpecification,
  outcomes: readonly TrialOutcome[],
  rng: Rng,
): readonly PredictorFit[] {
  const done = finished(outcomes);
  return study.analysis.fits.map((question, index) => {
    const asked = done.filter(
      ({ trial }) =>
        (question.families?.includes(trial.family) ?? true) &&
        (question.data?.includes(nameOf(trial.data)) ?? true),
    );
    const groups = Map.groupBy(asked, ({ trial }) => groupName(question, trial));
    return {
      title: question.title,
      quantity: question.quantity,
      predictor: question.predictor,
      scale: question.scale,
      groups: Array.from(groups, ([name, members]) =>
        fittedGroup(question, name, members, rng.split(index).split(name)),
      ),
      published: question.published.map((name) => publishedFigure(question, name)),
    };
  });
}

/** One point of a fit, in its own units and on the axes of the fit. */
interface Observation {
  readonly member: Finished;
  readonly y: number;
}

function fittedGroup(
  question: FitQuestion,
  name: string,
  members: readonly Finished[],
  rng: Rng,
): FittedGroup {
  const kept = question.memorized ? members.filter(({ result }) => result.memorized === true) : members;
  const observations = kept.flatMap((member): Observation[] => {
    const y = quantityOf(question.quantity, member);
    return y === undefined || predictorOf(question.predictor, member) === undefined ? [] : [{ member, y }];
  });
  const points = observations.map(
    ({ member, y }): ScatterPoint => ({
      x: predictorOf(question.predictor, member)!,
      y,
    }),
  );
  const common = { name, points, leftOut: members.length - kept.length };
  const bins = question.bins === undefined ? [] : binned(points, question.bins);
  const draws = observations.map(({ member: { trial } }) => `${trial.seed} ${trial.data}`);
  const [values, groups] = [new Set(points.map(({ x }) => x)).size, new Set(draws).size];
  if (values < MIN_VALUES || groups < MIN_DRAWS || !varies(points.map(({ x }) => x))) {
    const note =
      points.length === 0 && kept.length > 0
        ? `none of ${kept.length} trials has a value that is positive and finite`
        : `${points.length} trials, ${values} values of ${question.predictor}, ${groups} draws; ` +
          `a line takes ${MIN_VALUES} of each, and values that differ by 5 per cent`;
    return { ...common, note, rivals: [], bins };
  }
  const axis = axisOf(question.scale);
  const y = observations.map((one) => axis(one.y));
  const predictors = [question.predictor, ...question.rivals.filter((one) => one !== question.predictor)];
  const lines = predictors.flatMap((predictor) => {
    const given = observations.map(({ member }) => predictorOf(predictor, member));
    if (!varies(given)) return [];
    const x = given.map((value) => axis(value));
    return [{ predictor, x, line: groupedLine(x, y, draws, rng) }];
  });
  const method = `least squares${question.scale === 'log' ? ' of the logarithms' : ''}, bootstrap over ${groups} draws of the data`;
  const estimate = (value: number, interval: readonly [number, number]): Estimate => {
    return { kind: 'estimate', value, interval, confidence: CONFIDENCE, method };
  };
  const { line } = lines[0]!;
  const rivals = lines
    .map(
      ({ predictor, x, line: one }): RivalPredictor => ({
        predictor,
        slope: estimate(one.slope, one.slopeInterval),
        rSquared: one.rSquared,
        leaveOneOut: one.leaveOneOut,
        ...(question.scale === 'log' && { leaveOneOutAsClaimed: leaveOneOutErrorOfShift(x, y) }),
      }),
    )
    .toSorted((a, b) => a.leaveOneOut - b.leaveOneOut);
  return {
    ...common,
    line: {
      slope: estimate(line.slope, line.slopeInterval),
      intercept: estimate(line.intercept, line.interceptInterval),
      rSquared: line.rSquared,
    },
    rivals,
    bins,
  };
}

/** A predictor that some trial has no value of, or nearly the same for all, explains nothing. */
function varies(given: (number | undefined)[]): given is number[] {
  if (given.some((value) => value === undefined)) return false;
  const values = given as readonly number[];
  return Math.max(...values) > LEAST_RATIO * Math.min(...values);
}

/** The points of a figure, fitted on the axes of the question. */
function publishedFigure(question: FitQuestion, name: PublishedFigureName): PublishedFigure {
  const { source, points } = publishedPoints(name);
  const axis = axisOf(question.scale);
  const { slope, intercept, rSquared } = leastSquaresLine(
    points.map(({ x }) => axis(x)),
    points.map(({ y }) => axis(y)),
    CONFIDENCE,
  );
  const bins = question.bins === undefined ? [] : binned(points, question.bins);
  return { name, source, points, slope, intercept, rSquared, bins };
}

function axisOf(scale: FitQuestion['scale']): (value: number) => number {
  return scale === 'log' ? Math.log : (value) => value;
}

function groupName({ per }: FitQuestion, { data, family }: Finished['trial']): string {
  return [...(per.includes('data') ? [nameOf(data)] : []), ...(per.includes('family') ? [family] : [])].join(
    ', ',
  );
}

/** The name in the study file: labels append the values of a sweep after a space. */
function nameOf(label: string): string {
  return label.split(' ')[0]!;
}
