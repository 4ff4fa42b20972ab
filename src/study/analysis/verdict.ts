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
 * First what parameters buy, on the largest data to which an exponent was fitted; then whether everything held, the
 * exponents, and the effective dimension of the real data.
 */
export function verdict(outcomes: readonly TrialOutcome[], parts: Parts): readonly [string, string] {
  return [trade(outcomes, parts), standing(outcomes, parts)];
}

function trade(outcomes: readonly TrialOutcome[], parts: Parts): string {
  const hero = heroOf(parts);
  if (hero) return tradeOf(hero.series);
  const uppers = parts.series.flatMap(({ points }) => points.flatMap(({ upper }) => upper));
  if (uppers.length === 0) return `None of the ${outcomes.length} trials finished, so nothing was measured.`;
  const certified = uppers.filter(Number.isFinite);
  const without = uppers.length - certified.length;
  if (certified.length === 0)
    return `None of the ${without} functions has a Lipschitz constant that is certified.`;
  const [low, high] = [Math.min(...certified), Math.max(...certified)];
  return (
    `The certified Lipschitz constants of ${certified.length} functions that were fitted to labelled points range from ` +
    `${short(low)} to ${short(high)}: the larger the constant, the more a small change of the input can change the output` +
    `${without > 0 ? `; ${without} functions have no certificate` : ''}.`
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

function tradeOf({ n, d, points }: Series): string {
  const [least, most] = [points[0]!, points.at(-1)!];
  const perLabel = (point: Series['points'][number]) => short(point.parameterCount / n);
  return (
    `To fit ${n} noisy labels in ${d} dimensions, the best construction with ${perLabel(least)} parameters per label ` +
    `changes by up to ${short(median(least.upper))} per unit of input, and with ${perLabel(most)} by no more than ` +
    `${short(median(most.upper))}: smoothness takes parameters, as the law of robustness says.`
  );
}

function standing(outcomes: readonly TrialOutcome[], parts: Parts): string {
  const { checks, effectiveDimensions } = parts;
  const violated = checks.find(({ holds, statement }) => !holds && statement !== ALL_FINISHED);
  if (violated) {
    return `But a check failed, so do not rely on this study: ${violated.statement} (${violated.detail}).`;
  }
  const done = finished(outcomes).length;
  const allCertified = parts.series.every(({ points }) =>
    points.every(({ upper }) => upper.every(Number.isFinite)),
  );
  const who =
    done === outcomes.length
      ? `All ${done} trials`
      : `The ${done} of ${outcomes.length} trials that finished`;
  const held =
    `${who} agree with the law: ${allCertified ? 'every constant is certified, and none lies' : 'no certified constant lies'} below ` +
    'the bound that is proved for its number of parameters';
  const effective = effectiveDimensions.map(
    ({ data, ambient, estimate }) =>
      `${data}, of ${ambient} dimensions, is like a sphere of dimension ${dimensionText(estimate)}`,
  );
  return `${[held, ...exponents(parts), ...effective].join('; ')}.`;
}

/** How fast the constant falls with P: what is possible, and what training makes of the same data. */
function exponents(parts: Parts): readonly string[] {
  const hero = heroOf(parts);
  if (!hero) return [];
  const trained = parts.fits.find(
    ({ data, family }) => data === hero.fit.data && parts.trained.includes(family),
  );
  const remark = trained ? `, that of trained networks like P^${power(trained)}` : '';
  return [
    `the constant of the best construction falls like P^${power(hero.fit)} against the law's P^-0.5${remark}`,
  ];
}

/** `-0.63 (-0.64 to -0.62)`. */
function power({ exponent: { value, interval } }: ExponentFit): string {
  return `${value.toFixed(2)} (${interval[0].toFixed(2)} to ${interval[1].toFixed(2)})`;
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

/** Three significant digits, as a person writes them: `1.53`, `7,140,000`, `3e-7`. */
function short(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'infinity' : String(value);
  const rounded = Number(value.toPrecision(3));
  const size = Math.abs(rounded);
  if (size !== 0 && (size >= 1e9 || size < 1e-3)) return rounded.toExponential().replace('e+', 'e');
  return rounded.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}
