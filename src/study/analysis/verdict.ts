// The outcome of a study in two sentences for someone who has not read the paper.
import { median } from '../../numeric/index.ts';
import type { Analysis, ExponentFit, Series, TrialOutcome } from '../result.ts';
import { ALL_FINISHED } from './checks.ts';
import { finished } from './series.ts';

type Parts = Pick<Analysis, 'series' | 'fits' | 'effectiveDimensions' | 'checks'>;

/**
 * First what parameters buy, on the series with the largest n d that was fitted; then whether everything held, and the
 * effective dimension of the real data.
 */
export function verdict(outcomes: readonly TrialOutcome[], parts: Parts): readonly [string, string] {
  return [trade(outcomes, parts), standing(outcomes, parts)];
}

function trade(outcomes: readonly TrialOutcome[], { series, fits }: Parts): string {
  const hero = series
    .flatMap((one) => {
      const fit = fits.find(({ data, family }) => data === one.data && family === one.family);
      return fit && one.points.every(({ exact }) => exact) ? [{ one, fit }] : [];
    })
    .toSorted((a, b) => b.one.n * b.one.d - a.one.n * a.one.d)[0];
  if (hero) return tradeOf(hero.one, hero.fit);
  const uppers = series.flatMap(({ points }) => points.flatMap(({ upper }) => upper));
  if (uppers.length === 0) return `None of the ${outcomes.length} trials finished, so nothing was measured.`;
  const [low, high] = [Math.min(...uppers), Math.max(...uppers)];
  return (
    `The certified Lipschitz constants of ${uppers.length} functions that were fitted to noisy labels range from ` +
    `${short(low)} to ${short(high)}: the larger the constant, the more a small change of the input can change the output.`
  );
}

function tradeOf({ data, n, d, points }: Series, fit: ExponentFit): string {
  const [least, most] = [points[0]!, points.at(-1)!];
  const { value, interval } = fit.exponent;
  return (
    `To memorize ${n} noisy labels in ${d} dimensions (${data}), ${count(least.parameterCount)} parameters ` +
    `(${short(least.parameterCount / n)} per label) needed a function whose output changes by up to ` +
    `${short(median(least.upper))} per unit of input, ${count(most.parameterCount)} parameters one of ` +
    `${short(median(most.upper))}: smoothness is paid for with parameters, the constant falling like P^${short(value)} ` +
    `(95 % interval ${short(interval[0])} to ${short(interval[1])}) where the law says that nothing can stay below a ` +
    'multiple of sqrt(nd/P).'
  );
}

function standing(outcomes: readonly TrialOutcome[], { checks, effectiveDimensions }: Parts): string {
  const violated = checks.find(({ holds, statement }) => !holds && statement !== ALL_FINISHED);
  if (violated)
    return `But a check failed, so do not rely on this study: ${violated.statement} (${violated.detail}).`;
  const done = finished(outcomes).length;
  const who =
    done === outcomes.length
      ? `All ${done} trials`
      : `The ${done} of ${outcomes.length} trials that finished`;
  const held =
    `${who} agree with the law: every constant is certified, and none lies below the bound that is proved for its ` +
    'number of parameters or the optimum that its data allow';
  const effective = effectiveDimensions.map(
    ({ data, ambient, estimate }) =>
      `the ${ambient}-dimensional ${data} behaves like points on a sphere of dimension ${dimensionText(estimate)}`,
  );
  return `${[held, ...effective].join('; ')}.`;
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

/** `1,000,000`. */
function count(value: number): string {
  return value.toLocaleString('en-US');
}
