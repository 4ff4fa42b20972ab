// P by the scaling law, P = C^2 (theta sigma)^2 n D / L^2, with every factor as an assumption that has an interval and a source.
import type { EffectiveDimension } from '../dimension/index.ts';
import { scalingLaw, sharperBound } from '../law/index.ts';
import type { NoiseLevel } from '../noise/index.ts';
import type { Enclosure } from '../numeric/index.ts';
import type { Assumption } from './assumption.ts';
import { normRatio, type Wish } from './wish.ts';

/** What the law is asked about. */
export interface LawQuestion {
  readonly n: number;
  /** Features of a point. */
  readonly d: number;
  /** sqrt(E|x - Ex|^2). */
  readonly spread: number;
  readonly wish: Wish;
  /** Factor by which labels are multiplied to be in the scale of the law, squared: 2 for one-hot labels, which lie sqrt(2) apart. */
  readonly labelScale: number;
  /** sigma^2 = E Var[y|x] of the labels as they are; null where nothing is known. */
  readonly noise: NoiseLevel | null;
}

/**
 * The constant C of sqrt(n d / P): no theorem gives it, and both of its sides are known only for pure noise on the sphere.
 * From below it is what `sharperBound` proves for n = d = P = 1000, W = 100, J = 10^6, as a share of the scaling law, about
 * 1/8; from above 2, within which projected cones come to it once their dimension is 80 (Lip / sqrt(n d / P) = 1.5 to 2.2
 * over n = 500 to 2000).
 */
export function lawConstant(): { readonly value: number; readonly interval: Enclosure } {
  const size = 1000;
  const { bound } = sharperBound(
    { n: size, concentration: size, epsilon: 1, delta: 0.01, k: 1 },
    { p: size, W: 100, logJ: Math.log(1e6) },
  );
  return { value: 1, interval: [bound / scalingLaw(size, size, size), 2] };
}

/**
 * The factors of P. The law, Lip(f) >= C (epsilon / sigma) sqrt(n D / P) for a squared error <= sigma^2 - epsilon, with epsilon =
 * theta sigma^2 the share of the noise that is fitted: 1 for all labels, 1/2 in the partial memorization of the talk.
 *
 * The dimension's interval is that of its estimate together with the other `readings`, but not below 1, which a function that
 * is not constant varies in: which of them counts is open.
 */
export function lawAssumptions(
  question: LawQuestion,
  dimension: EffectiveDimension,
  readings: readonly EffectiveDimension[],
): readonly Assumption[] {
  const { n, d, wish, spread, noise, labelScale } = question;
  // Parameters per point of a trained network may be fewer than 1 and more than d; a dimension is not.
  const within = (end: number) => Math.min(d, Math.max(1, end));
  const all = [dimension, ...readings].map(
    ({ dimension: { interval } }): Enclosure => [within(interval[0]), within(interval[1])],
  );
  const constant = lawConstant();
  return [
    certain('n', 'points, n', n, 1, 'counted'),
    {
      id: 'dimension',
      name: 'dimension that counts, D',
      value: dimension.dimension.value,
      interval: [Math.min(...all.map(([low]) => low)), Math.max(...all.map(([, high]) => high))],
      exponent: 1,
      source:
        `${dimension.name}: ${dimension.dimension.method}; the interval holds ` +
        (readings.length > 1
          ? `all ${readings.length} readings, as which of them counts is open`
          : 'its own'),
    },
    noiseAssumption(noise, labelScale),
    {
      id: 'fit',
      name: 'share of noise fitted, theta',
      value: 1,
      interval: [0.5, 1],
      exponent: 2,
      source: '1 where every label is reproduced, 1/2 for partial memorization as in the talk',
    },
    {
      id: 'constant',
      name: 'constant of the law, C',
      value: constant.value,
      interval: constant.interval,
      exponent: 2,
      source:
        'open; from below what is proven for 1000 random signs on a sphere, from above what projected cones attain there',
    },
    ...(wish.kind === 'lipschitz'
      ? [
          certain(
            'lipschitz',
            'wanted Lipschitz constant, L',
            wish.lipschitz,
            -2,
            'as wanted, in the scale of the law',
          ),
        ]
      : [
          certain('radius', 'wanted radius, r', wish.radius, 2, 'as wanted, in the units of the data'),
          certain('spread', 'spread of the data, s', spread, -2, 'sqrt(E|x - Ex|^2): L = s / (kappa r)'),
          {
            id: 'norm',
            name: 'length in l2 of changes of size 1, kappa',
            ...normRatio(wish.norm, d),
            exponent: 2,
            source:
              wish.norm === 'l2'
                ? '1, as the radius is in l2'
                : 'a gradient of independent normal entries; the ends: along one feature, along all alike',
          },
        ]),
  ];
}

function noiseAssumption(noise: NoiseLevel | null, labelScale: number): Assumption {
  const shared = { id: 'noise', name: 'noise of the labels, sigma^2', exponent: 1 } as const;
  if (!noise) {
    return {
      ...shared,
      value: 1,
      interval: [0, 1],
      source: 'not known: as of random signs; without any noise the law asks for nothing',
    };
  }
  const { value, interval } = noise.level;
  return {
    ...shared,
    value: labelScale * value,
    interval: [labelScale * interval[0], labelScale * interval[1]],
    source: `${noise.source}; times ${Number(labelScale.toPrecision(3))}, for labels that lie 2 apart`,
  };
}

function certain(id: string, name: string, value: number, exponent: number, source: string): Assumption {
  return { id, name, value, interval: [value, value], exponent, source };
}
