// Concentration of measure against classifiers: sets of mass 1 % whose expansion is small, by half-spaces and by covers.
import { RobustlawError } from '../../errors.ts';
import { plainEstimate } from '../../guarantee/index.ts';
import { coverConcentration, defaultEpsilons, halfSpaceConcentration } from '../../isoperimetry/index.ts';
import { rng } from '../../random/index.ts';
import { type Measure, OUT_OF_TIME } from '../part.ts';
import type { SurveyExpansions } from '../result.ts';

/** The least error of a classifier that is asked about. */
const ALPHA = 0.01;
const NORMS = ['linf', 'l2'] as const;

/** At the radii asked for; without any at three of the scale of the data. */
export const measureConcentration: Measure<SurveyExpansions> = async (subject, stop, observe) => {
  const { points, features, radii, seed } = subject;
  const random = rng(seed).split('concentration');
  const value: SurveyExpansions = [];
  let done = 0;
  let complete = true;
  for (const norm of NORMS) {
    const asked = radii.filter((one) => one.norm === norm).map(({ radius }) => radius);
    const epsilons =
      asked.length > 0 ? asked : await defaultEpsilons(points, features, norm, random.split('radii'));
    for (const [family, measure] of [
      ['half-spaces', halfSpaceConcentration],
      ['covers', coverConcentration],
    ] as const) {
      if (!stop()) {
        const step = (at: number, of: number) => observe((done + Math.min(1, at / of)) / (2 * NORMS.length));
        const key = random.split(norm).split(family);
        const found = await measure(points, features, norm, ALPHA, epsilons, key, stop, step);
        complete &&= found.every((one) => one.complete);
        value.push(
          ...found.map((one) => ({
            family: one.family,
            norm,
            alpha: one.alpha,
            epsilon: one.epsilon,
            risk: plainEstimate(one.risk),
            expanded: plainEstimate(one.expanded),
            meaning: one.meaning,
          })),
        );
      } else complete = false;
      observe(++done / (2 * NORMS.length));
    }
  }
  if (value.length === 0) throw new RobustlawError('interrupted', OUT_OF_TIME);
  return {
    value,
    ...(!complete && stop() && { missing: `${OUT_OF_TIME}: better sets may have been missed` }),
  };
};
