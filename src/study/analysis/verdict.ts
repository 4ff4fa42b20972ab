// The outcome of a study in two sentences for someone who has not read the paper.
import { median } from '../../numeric/index.ts';
import type { Analysis, ExponentFit, Series, TrialOutcome } from '../result.ts';
import { ALL_FINISHED } from './checks.ts';
import { finished } from './series.ts';

type Parts = Pick<Analysis, 'series' | 'fits' | 'effectiveDimensions' | 'checks'> & {
  /** Names of the families that are trained. */
  readonly trained: readonly string[];
};

/**
 * First what parameters buy, on the series with the largest n d that was fitted; then whether everything held, and the
 * effective dimension of the real data.
 */
export function verdict(outcomes: readonly TrialOutcome[], parts: Parts): readonly [string, string] {
  return [trade(outcomes, parts), standing(outcomes, parts)];
}

function trade(outcomes: readonly TrialOutcome[], parts: Parts): string {
  const hero = heroOf(parts);
  if (hero) return tradeOf(hero.series, hero.fit);
  const uppers = parts.series.flatMap(({ points }) => points.flatMap(({ upper }) => upper));
  if (uppers.length === 0) return `None of the ${outcomes.length} trials finished, so nothing was measured.`;
  const [low, high] = [Math.min(...uppers), Math.max(...uppers)];
  return (
    `The certified Lipschitz constants of ${uppers.length} functions that were fitted to labelled points range from ` +
    `${short(low)} to ${short(high)}: the larger the constant, the more a small change of the input can change the output.`
  );
}

/** The fitted construction on the largest data. */
function heroOf({ series, fits }: Parts): { readonly series: Series; readonly fit: ExponentFit } | undefined {
  return series
    .flatMap((one) => {
      const fit = fits.find(({ data, family }) => data === one.data && family === one.family);
      return fit && one.points.every(({ exact }) => exact) ? [{ series: one, fit }] : [];
    })
    .toSorted((a, b) => b.series.n * b.series.d - a.series.n * a.series.d)[0];
}

function tradeOf({ data, n, d, points }: Series, { exponent }: ExponentFit): string {
  const [least, most] = [points[0]!, points.at(-1)!];
  const perLabel = (point: Series['points'][number]) => short(point.parameterCount / n);
  return (
    `Memorizing ${n} labels in ${d} dimensions (${data}) smoothly costs parameters: with ${perLabel(least)} per label ` +
    `the output had to change by up to ${short(median(least.upper))} per unit of input, with ${perLabel(most)} per label ` +
    `by no more than ${short(median(most.upper))}, and towards that end this Lipschitz constant fell like ` +
    `P^${short(exponent.value)} (95 % interval ${interval(exponent)}), where the law says that none can fall below a ` +
    'multiple of P^-0.5.'
  );
}

function standing(outcomes: readonly TrialOutcome[], parts: Parts): string {
  const { checks, effectiveDimensions } = parts;
  const violated = checks.find(({ holds, statement }) => !holds && statement !== ALL_FINISHED);
  if (violated) {
    return `But a check failed, so do not rely on this study: ${violated.statement} (${violated.detail}).`;
  }
  const done = finished(outcomes).length;
  const who =
    done === outcomes.length
      ? `All ${done} trials`
      : `The ${done} of ${outcomes.length} trials that finished`;
  const held =
    `${who} agree with the law: every constant is certified, and none lies below the bound that is proved for its ` +
    'number of parameters';
  const effective = effectiveDimensions.map(
    ({ data, ambient, estimate }) =>
      `the ${ambient}-dimensional ${data} behaves like points on a sphere of dimension ${dimensionText(estimate)}`,
  );
  return `${[held, ...trainedRemark(parts), ...effective].join('; ')}.`;
}

/** What training made of the same data, beside what is possible. */
function trainedRemark(parts: Parts): readonly string[] {
  const hero = heroOf(parts);
  const trained = parts.fits.find(
    ({ data, family }) => data === hero?.series.data && parts.trained.includes(family),
  );
  if (!trained) return [];
  const { exponent } = trained;
  return [
    `networks trained on the same data went like P^${short(exponent.value)} (${interval(exponent)}), ` +
      'so training need not find what parameters allow',
  ];
}

function interval({ interval: [low, high] }: ExponentFit['exponent']): string {
  return `${short(low)} to ${short(high)}`;
}

/** `9.6 (8.9 to 10.4)`, `more than 64`, `less than 3`. */
export function dimensionText({
  value,
  interval,
}: Analysis['effectiveDimensions'][number]['estimate']): string {
  if (interval[0] === Number.POSITIVE_INFINITY) return `more than ${short(value)}`;
  if (interval[1] === 0) return `less than ${short(value)}`;
  const low = interval[0] === 0 ? 'less than the smallest measured' : short(interval[0]);
  const high =
    interval[1] === Number.POSITIVE_INFINITY ? 'more than the largest measured' : short(interval[1]);
  return `${short(value)} (${low} to ${high})`;
}

/** Three significant digits, without exponents or trailing zeros where a person would write none. */
function short(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'infinity' : String(value);
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) >= 1e6 || (rounded !== 0 && Math.abs(rounded) < 1e-3)
    ? rounded.toExponential().replace('e+', 'e')
    : String(rounded);
}
