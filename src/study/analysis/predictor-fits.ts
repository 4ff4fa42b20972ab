// Fits that a study asks for: a measured quantity against the predictor of a theorem, its rivals, and published figures.
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
import { fittedSum } from './fitted-sum.ts';
import { CONFIDENCE, groupedFit, leaveOneOutErrorOfShift } from './grouped-fit.ts';
import { type PublishedFigureName, publishedPoints } from './published.ts';
import { type Predictor, predictorOf, quantityOf } from './quantities.ts';
import { axisOf, estimator, MIN_DRAWS, type Sample, valuesOf, varies } from './sample.ts';
import { type Finished, finished } from './series.ts';

/** A line through two points always fits. */
const MIN_VALUES = 3;

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

function fittedGroup(
  question: FitQuestion,
  name: string,
  members: readonly Finished[],
  rng: Rng,
): FittedGroup {
  const kept = question.memorized ? members.filter(({ result }) => result.memorized === true) : members;
  const sample = sampleOf(question, kept);
  const x = sample.members.map((member) => predictorOf(question.predictor, member)!);
  const points = x.map((value, i): ScatterPoint => ({ x: value, y: sample.y[i]! }));
  const enough = new Set(x).size >= MIN_VALUES && new Set(sample.draws).size >= MIN_DRAWS;
  const predictors = [question.predictor, ...question.rivals.filter((one) => one !== question.predictor)];
  const lines = enough ? predictors.flatMap((predictor) => lineOf(predictor, sample, rng) ?? []) : [];
  const own = lines.find(({ predictor }) => predictor === question.predictor);
  return {
    name,
    points,
    leftOut: members.length - kept.length,
    ...(own ? { line: own.line } : { note: noLine(question, kept.length, x, sample.draws) }),
    rivals: own ? lines.map(({ rival }) => rival).toSorted((a, b) => a.leaveOneOut - b.leaveOneOut) : [],
    ...(question.sums && { sums: question.sums.map((predictors) => fittedSum(predictors, sample, rng)) }),
    bins: question.bins === undefined ? [] : binned(points, question.bins),
  };
}

/** The trials that have the quantity and the predictor of the fit. */
function sampleOf({ quantity, predictor, scale }: FitQuestion, kept: readonly Finished[]): Sample {
  const measured = kept.flatMap((member) => {
    const y = quantityOf(quantity, member);
    return y === undefined || predictorOf(predictor, member) === undefined ? [] : [{ member, y }];
  });
  return {
    scale,
    members: measured.map(({ member }) => member),
    y: measured.map(({ y }) => y),
    draws: measured.map(({ member: { trial } }) => `${trial.seed} ${trial.data}`),
  };
}

/** The line in one predictor; undefined where it hardly varies. */
function lineOf(predictor: Predictor, sample: Sample, rng: Rng) {
  const given = valuesOf(predictor, sample);
  if (!given || !varies(given)) return undefined;
  const axis = axisOf(sample.scale);
  const x = given.map(axis);
  const y = sample.y.map(axis);
  const fit = groupedFit([x], y, sample.draws, rng);
  if (!fit) return undefined;
  const estimate = estimator(sample);
  const slope = estimate(fit.coefficients[0]!, fit.intervals[0]!);
  const { rSquared, leaveOneOut } = fit;
  const line = { slope, intercept: estimate(fit.intercept, fit.interceptInterval), rSquared };
  const rival: RivalPredictor = {
    predictor,
    slope,
    rSquared,
    leaveOneOut,
    leaveOneDrawOut: fit.leaveOneGroupOut,
    ...(sample.scale === 'log' && { leaveOneOutAsClaimed: leaveOneOutErrorOfShift(x, y) }),
  };
  return { predictor, line, rival };
}

function noLine(
  { predictor }: FitQuestion,
  kept: number,
  x: readonly number[],
  draws: readonly string[],
): string {
  if (x.length === 0 && kept > 0) return `none of ${kept} trials has a value that is positive and finite`;
  return (
    `${x.length} trials, ${new Set(x).size} values of ${predictor}, ${new Set(draws).size} draws; ` +
    `a line takes ${MIN_VALUES} of each, and values that differ by 5 per cent`
  );
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

function groupName({ per }: FitQuestion, { data, family }: Finished['trial']): string {
  return [...(per.includes('data') ? [nameOf(data)] : []), ...(per.includes('family') ? [family] : [])].join(
    ', ',
  );
}

/** The name in the study file: labels append the values of a sweep after a space. */
function nameOf(label: string): string {
  return label.split(' ')[0]!;
}
