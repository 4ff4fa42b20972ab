// The plan in sentences: the number first, then what it hangs on, then what is proven.
import { percent } from '../words/index.ts';
import type { PlanResult } from './result.ts';

/** A result without its words. */
export type PlanFacts = Omit<PlanResult, 'verdict' | 'schema' | 'version'>;

/** Sentences, most important first. */
export function planVerdict(facts: PlanFacts): string[] {
  return [
    answerSentence(facts),
    ...pilotSentences(facts),
    lawSentence(facts),
    ...noiseSentence(facts),
    provenSentence(facts),
  ];
}

function answerSentence({ answer: { parameters, interval, from }, wanted, data, pilot }: PlanFacts): string {
  // A pilot is about the share of the points that its threshold names, the law about all.
  const share = from.startsWith('pilot') && 'value' in pilot ? `${percent(pilot.value.threshold)} of ` : '';
  const points = `${share}these ${count(data.points)} points`;
  const goal =
    wanted.radius === null
      ? `a fit of ${points} with Lipschitz constant ${short(wanted.lipschitz)} (data of norm about 1, labels 2 apart)`
      : `a fit of ${points} that withstands changes of ${short(wanted.radius)} in ${wanted.norm}`;
  if (from === 'pilot, one side') {
    return `Plan for more than ${short(parameters)} parameters for ${goal}: at one size of the pilot no network of so many took off, so this is a lower side and no number.`;
  }
  const [low, high] = interval;
  const span = high === null ? `${short(low)} or more` : `${short(low)} to ${short(high)}`;
  const source = {
    pilot: 'as the pilot foretells',
    law: 'by the law of robustness alone, an order of magnitude',
    memorizing: 'the order of n that memorizing takes, as the law of robustness asks for less',
  }[from];
  return `Plan for about ${short(parameters)} parameters (${span}) for ${goal}, ${source}.`;
}

function pilotSentences({ pilot }: PlanFacts): string[] {
  if (!('value' in pilot)) {
    return pilot.status === 'failed'
      ? [`The pilot failed: ${pilot.reason}.`]
      : [`There was no pilot: ${pilot.reason}.`];
  }
  const { value } = pilot;
  const partial = pilot.status === 'partial' ? [`The pilot is incomplete: ${pilot.reason}.`] : [];
  const found = value.takeOffs
    .map(({ n, parameters, above, below }) => {
      const size =
        parameters !== null
          ? short(parameters)
          : above !== null
            ? `more than ${short(above)}`
            : `at most ${short(below!)}`;
      return `${size} parameters at n = ${count(n)}`;
    })
    .join(', ');
  const growth = value.growth
    ? ` it grows like n to the ${value.growth.exponent.toFixed(2)} (${value.growth.exponentInterval.map((x) => x.toFixed(2)).join(' to ')}).`
    : ' the sizes at which it was found do not suffice to foretell others.';
  return [
    ...partial,
    ...(found === ''
      ? []
      : [
          `Robust training accuracy ${value.threshold} is reached by ${value.networks} of ${found};${growth}`,
        ]),
    ...backtestSentence(value),
  ];
}

function backtestSentence({
  backtest,
  threshold,
}: {
  backtest: Extract<PlanFacts['pilot'], { value: unknown }>['value']['backtest'];
  threshold: number;
}): string[] {
  if (!backtest) return [];
  const { n, from, predicted, observed, above, ratio, held } = backtest;
  const told = `Backtest: from n = ${from.map(count).join(' and ')}, the ${short(predicted)} parameters foretold for n = ${count(n)}`;
  if (observed === null || ratio === null) {
    return [
      `${told} stand against more than ${short(above!)}, as no network tried reached ${threshold}${held ? '' : '; the interval does not reach so far'}.`,
    ];
  }
  const off = ratio >= 1 ? `${short(ratio, 3)} times too many` : `${short(1 / ratio, 3)} times too few`;
  return [
    `${told} were ${off}: ${short(observed)} were found, ${held ? 'within' : 'outside'} the prediction interval.`,
  ];
}

function lawSentence({ law, pilot }: PlanFacts): string {
  const [low, high] = law.independent;
  const [first] = law.tornado;
  const hangs = first ? `; it hangs most on the ${first.name}` : '';
  const foretold = 'value' in pilot ? pilot.value.prediction : null;
  const beside =
    foretold && law.value > 0
      ? ` The prediction of the pilot is ${short(foretold.value / law.value)} times the number of the law.`
      : '';
  return `The law${foretold ? ' alone' : ''} says ${short(law.value)} parameters, between ${short(low)} and ${short(high)} within its assumptions${hangs}. About ${count(law.memorizing)} memorize at all.${beside}`;
}

function noiseSentence({ noise }: PlanFacts): string[] {
  if (!noise) return ['The noise of the labels is not known, and the law is about fitting it.'];
  const [low] = noise.level.interval;
  return low > 0
    ? []
    : [
        'The labels may hold no noise at all: then the law asks for nothing, and the number is that of the noise that there may be.',
      ];
}

function provenSentence({ proven }: PlanFacts): string {
  const best = proven.reduce((most, one) => (one.parameters > most.parameters ? one : most), proven[0]!);
  if (best.parameters > 0)
    return `Proven by ${best.theorem}: no class of fewer than ${short(best.parameters)} parameters has such a fit.`;
  const formula = Math.max(...proven.map((one) => one.formula));
  return `Nothing of this is proven: no theorem applies, and their formulas, hypotheses aside, give at most ${short(formula)} parameters.`;
}

/** Two significant digits by default, as a person writes them. */
export function short(value: number, digits = 2): string {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return 'any number of';
  const rounded = Number(value.toPrecision(digits));
  if (Math.abs(rounded) >= 1e6 || Math.abs(rounded) < 1e-3)
    return rounded.toExponential(digits - 1).replace('e+', 'e');
  return rounded.toLocaleString('en-US', { maximumSignificantDigits: digits });
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
