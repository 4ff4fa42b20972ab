// Worked examples: the estimates of the talk and of the paper for MNIST and ImageNet, line by line, and the same lines for the data at hand.
import type { EffectiveDimension } from '../dimension/index.ts';
import { paperEnvelope, scalingLawParameters, talkEnvelope } from '../law/index.ts';
import type { PlanResult } from './result.ts';

/**
 * The envelopes of `talkEnvelope` and `paperEnvelope`, and one for the data with their measured dimension: P = n D at L = 1,
 * as the sources have it, with neither noise nor constant.
 */
export function workedExamples(
  data: { readonly n: number; readonly d: number },
  { name, dimension }: EffectiveDimension,
): PlanResult['examples'] {
  const published = [...talkEnvelope(), ...paperEnvelope()].map(({ dataset, source, lines }) => ({
    title: `${dataset}, as in the ${source}`,
    lines: lines.map((one) => ({ ...one, value: numbers(one.value), rounded: numbers(one.rounded) })),
  }));
  const [low, high] = dimension.interval;
  const own = (quantity: string, formula: string, value: number | readonly [number, number]) => ({
    quantity,
    formula,
    value: numbers(value),
    rounded: null,
    printed: null,
  });
  return [
    ...published,
    {
      title: 'These data, with their measured dimension',
      lines: [
        own('n', 'points', data.n),
        own('d', 'features', data.d),
        own('d_eff', `${name}, measured`, dimension.value),
        own('d_eff, interval', dimension.method, [low, high]),
        own('d_eff / d', 'measured', dimension.value / data.d),
        own('P', 'n d_eff', scalingLawParameters(data.n, dimension.value, 1)),
        own('P, interval', 'n d_eff at the ends', [
          scalingLawParameters(data.n, low, 1),
          scalingLawParameters(data.n, high, 1),
        ]),
        own('P by counting equations', 'n', data.n),
      ],
    },
  ];
}

function numbers(value: number | readonly [number, number]): number | [number, number] {
  return typeof value === 'number' ? value : [value[0], value[1]];
}
