// The survey in a few sentences, most important first.

import type { Norm } from '../guarantee/index.ts';
import { counted, percent, short } from '../words/index.ts';
import { CONCENTRATION } from './law.ts';
import type { DataSurvey } from './result.ts';

type Judged = Omit<DataSurvey, 'verdict'>;

/** Readings of how tightly all rows concentrate, each a bound from above: the least is the nearest. */
const BOUNDS: readonly string[] = [CONCENTRATION, 'stable rank'];
const AMBIENT = 'features';

/** What the law asks, then noise, separation and what contradicts itself; what was not measured is said. */
export function surveySentences(survey: Judged): string[] {
  return [
    ...asked(survey),
    ...noisy(survey),
    ...separated(survey),
    ...concentrated(survey),
    ...repeated(survey),
    ...notMeasured(survey),
  ];
}

/** The reading nearest to what counts in the law: the least of those that bound it from above, else the first but for the number of features. */
export function referenceReading<
  Entry extends { readonly name: string; readonly dimension: { readonly value: number } },
>(entries: readonly Entry[]): Entry | undefined {
  const bounds = entries.filter(({ name }) => BOUNDS.includes(name));
  if (bounds.length > 0) return bounds.reduce((a, b) => (b.dimension.value < a.dimension.value ? b : a));
  return entries.find(({ name }) => name !== AMBIENT) ?? entries[0];
}

function asked({ data, law }: Judged): string[] {
  const size = `${counted(data.points, 'point')} of ${counted(data.features, 'feature')}`;
  const entry = 'value' in law ? referenceReading(law.value.asks) : undefined;
  if (!entry) return [`${data.name}: ${size}. What the law of robustness asks of a model is not known.`];
  const { name, dimension, parameters } = entry;
  if (name === AMBIENT) {
    return [
      `${data.name}: ${size}. With every feature counted, a robust fit below the noise needs of the order of ${short(parameters.value, 2)} parameters.`,
    ];
  }
  return [
    `${data.name}: ${size} that concentrate like at most ${short(dimension.value)} dimensions (${name}, ` +
      `${percent(dimension.confidence)} interval ${short(dimension.interval[0])} to ${short(dimension.interval[1])}): ` +
      `a robust fit below the noise needs of the order of ${short(parameters.value, 2)} parameters, ` +
      `not ${short(data.points * data.features, 2)}.`,
  ];
}

function noisy({ noise, data }: Judged): string[] {
  if (!('value' in noise)) return [];
  const { level, readings, variance } = noise.value;
  const share = variance > 0 ? `, ${percent(level.value / variance)} of their variance` : '';
  const kind = data.labels.kind === 'classification' ? 'one-hot labels' : 'labels';
  const [low, high] = level.interval;
  const sure =
    low === high
      ? ' as given'
      : level.confidence < 1
        ? ` (${percent(level.confidence)} interval ${short(low)} to ${short(high)})`
        : ` (${short(low)} to ${short(high)})`;
  const bias =
    readings[0]!.name === 'nearest neighbours' ? ', read from nearest neighbours and rather too high' : '';
  return [
    `Noise of the ${kind}: ${short(level.value)}${sure}${share}${bias}; the law speaks of models that fit below it.`,
  ];
}

function separated({ separation }: Judged): string[] {
  if (!('value' in separation)) return [];
  const parts = separation.value.map(
    ({ norm, robustRadius, exhaustive }) =>
      `${exhaustive ? '' : 'at most '}${short(robustRadius)} in ${NORM_NAMES[norm]}`,
  );
  if (separation.value.some(({ closest }) => closest.distance === 0))
    return ['Equal points have different labels: no classifier is right on all of them, whatever its size.'];
  return [
    `Classes do not touch: some classifier is right within ${joined(parts)} around every point, and none within more.`,
  ];
}

function concentrated({ isoperimetry }: Judged): string[] {
  if (!('value' in isoperimetry)) return [];
  const { overall, groups, origin } = isoperimetry.value;
  const passing = groups.filter(({ verdict }) => verdict.kind === 'consistent').length;
  const within =
    groups.length > 0
      ? ` Within ${origin === 'given' ? 'classes' : 'clusters'}: consistent in ${passing} of ${groups.length}.`
      : '';
  return [`${overall.verdict.sentence}${within}`];
}

function repeated({ repeats, data }: Judged): string[] {
  if (!('value' in repeats) || repeats.value.copies === 0) return [];
  const { copies, contradictory } = repeats.value;
  const contradictions =
    contradictory > 0 ? `; at ${counted(contradictory, 'place')} their labels contradict each other` : '';
  return [
    `${counted(copies, 'row')} of ${data.points.toLocaleString('en-US')} ${copies === 1 ? 'equals' : 'equal'} another one${contradictions}.`,
  ];
}

const PARTS = ['noise', 'separation', 'dimensions', 'isoperimetry', 'concentration'] as const;

function notMeasured(survey: Judged): string[] {
  const failed = PARTS.filter((part) => survey[part].status === 'failed');
  const cut = PARTS.filter((part) => survey[part].status === 'partial');
  return [
    ...(failed.length > 0 ? [`Not measured: ${joined(failed)}; the reasons stand in their places.`] : []),
    ...(cut.length > 0 ? [`Incomplete: ${joined(cut)}.`] : []),
  ];
}

function joined(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

const NORM_NAMES: Readonly<Record<Norm, string>> = { l1: 'l1', l2: 'l2', linf: 'l-infinity' };
