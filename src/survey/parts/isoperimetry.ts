// Whether the data concentrate as isoperimetry asks, overall and within classes.
import {
  type SampleIsoperimetry,
  type Tail,
  testIsoperimetry,
  testTogether,
} from '../../isoperimetry/index.ts';
import { rng } from '../../random/index.ts';
import { openEstimate } from '../estimate.ts';
import type { SurveyLabels } from '../labels.ts';
import { type Measure, OUT_OF_TIME } from '../part.ts';
import type { SurveyIsoperimetry, SurveyIsoperimetrySample } from '../result.ts';

/** The norm of most attacks besides l2; the proof of the law asks of a norm that its Lipschitz functions concentrate. */
const OTHER_NORMS = ['linf'] as const;

/** In l2, the norm of the law, within classes, or within two clusters where there are no classes; in linf of all rows. */
export const measureIsoperimetry: Measure<SurveyIsoperimetry> = async (subject, stop, observe) => {
  const { points, features, labels, seed } = subject;
  const random = rng(seed).split('isoperimetry');
  const several = labels.kind === 'classification' && labels.names.length > 1;
  const found = await testIsoperimetry(
    points,
    features,
    several ? labels.classes : undefined,
    'l2',
    random,
    stop,
    (done, total) => observe(done / (total + OTHER_NORMS.length)),
  );
  const otherNorms: SurveyIsoperimetry['otherNorms'] = [];
  for (const norm of OTHER_NORMS) {
    if (stop()) break;
    const sample = await testTogether(points, features, norm, random.split(norm), stop);
    otherNorms.push({ norm, sample: sampleOf(sample, labels) });
  }
  observe(1);
  return {
    value: {
      norm: found.norm,
      overall: sampleOf(found.overall, labels),
      origin: found.origin,
      groups: found.groups.map((group) => sampleOf(group, labels)),
      leftOut: found.leftOut,
      otherNorms,
    },
    ...(stop() && { missing: `${OUT_OF_TIME}: fewer functions and groups were tried` }),
  };
};

function sampleOf(
  {
    name,
    group,
    trainingRows,
    heldOutRows,
    scale,
    refutedBelow,
    estimate,
    curves,
    verdict,
    ...sample
  }: SampleIsoperimetry,
  labels: SurveyLabels,
): SurveyIsoperimetrySample {
  const { concentrationDimension } = sample;
  const constants = [
    ['transport', sample.transport],
    ['Poincar\u00e9', sample.poincare],
    ['logarithmic Sobolev', sample.logSobolev],
  ] as const;
  return {
    name: group !== undefined && labels.kind === 'classification' ? (labels.names[group] ?? name) : name,
    rows: { training: trainingRows, heldOut: heldOutRows },
    scale: Number.isFinite(scale) ? scale : null,
    refutedBelow: refutedBelow
      ? {
          constant: refutedBelow.constant,
          confidence: refutedBelow.confidence,
          function: refutedBelow.function,
          below: tailOf(refutedBelow.below),
          above: tailOf(refutedBelow.above),
        }
      : null,
    c: estimate ? openEstimate(estimate) : null,
    concentrationDimension: concentrationDimension ? openEstimate(concentrationDimension) : null,
    constants: constants.flatMap(([constant, reading]) =>
      reading ? [{ name: constant, reading: openEstimate(reading.estimate) }] : [],
    ),
    curves: curves.map(({ family, function: named, functions, points }) => ({
      family,
      function: named,
      functions,
      points: points.map((point) => ({ ...point })),
    })),
    verdict: { ...verdict },
  };
}

function tailOf({ threshold, observed, lower }: Tail) {
  return { threshold, observed, lower };
}
