// What the scatters of a fit show: a quantity against its predictor, and against what a sum of several predictors says.
import type { PredictorFit } from '../../study/index.ts';
import { counted, significant } from '../number.ts';
import type { Scatter, ScatterSet } from './scatter-chart.ts';

/** What the y axis shows. */
export const QUANTITY_TEXT: Readonly<Record<string, string>> = {
  upper: 'Lipschitz constant, certified from above or exact',
  lower: 'Lipschitz constant, witnessed from below or exact',
  gradients: 'Largest gradient at fresh points',
  average: 'Root of the mean squared gradient',
  sensitivity: 'Mean of |z| |grad f(z)| at fresh points',
};

/** The trials of each group and the published figures, each with its line, against the predictor. */
export function fitScatter(fit: PredictorFit): Scatter {
  const { groups, published } = fit;
  const trials = groups.reduce((sum, { points }) => sum + points.length, 0);
  const lines = groups.flatMap(({ name, line }) =>
    line ? [`${name === '' ? 'the line' : name} has slope ${significant(line.slope.value)}`] : [],
  );
  const others = published.map(
    ({ points, slope, source }) =>
      `${counted(points.length, 'point')} of ${source} with slope ${significant(slope)}`,
  );
  return {
    title: fit.title,
    text: `${[counted(trials, 'trial'), ...lines, ...others].join('; ')}.`,
    names: { x: predictorText(fit.predictor), y: quantityText(fit) },
    scale: fit.scale,
    sets: [
      ...groups.map(
        ({ name, points, line }): ScatterSet => ({
          name: groupText(name),
          published: false,
          points,
          ...(line && { line: { slope: line.slope.value, intercept: line.intercept.value } }),
        }),
      ),
      ...published.map(
        ({ source, points, slope, intercept }): ScatterSet => ({
          name: source,
          published: true,
          points,
          line: { slope, intercept },
        }),
      ),
    ],
  };
}

/** The trials of each group against what the fit of its sum with this number says, with the line on which both agree. */
export function sumScatter(fit: PredictorFit, index: number): Scatter {
  const sets = fit.groups.map(({ name, sums }): ScatterSet => {
    const points = sums?.[index]?.points ?? [];
    return { name: groupText(name), published: false, points, line: { slope: 1, intercept: 0 } };
  });
  const explained = fit.groups.flatMap(({ name, sums }) => {
    const found = sums?.[index]?.fit;
    return found ? [`${groupText(name)}: R\u00B2 ${significant(found.rSquared)}`] : [];
  });
  const trials = sets.reduce((sum, { points }) => sum + points.length, 0);
  const name = sumText(fit.groups[0]?.sums?.[index]?.predictors ?? []);
  return {
    title: `${fit.title}: measured against fitted`,
    text: `${[counted(trials, 'trial'), ...explained].join('; ')}.`,
    names: { x: `fitted with ${name}`, y: quantityText(fit) },
    scale: fit.scale,
    sets,
  };
}

export function quantityText({ quantity }: PredictorFit): string {
  return QUANTITY_TEXT[quantity] ?? quantity;
}

/** What a table or key calls a group. */
export function groupText(name: string): string {
  return name === '' ? 'all trials' : name;
}

/** `√(n/k)`, `n^(1/d)`: the predictor as a reader expects it. */
export function predictorText(predictor: string): string {
  return predictor.replace(/^sqrt\((.*)\)$/, (_, inside: string) =>
    inside.length === 1 ? `\u221A${inside}` : `\u221A(${inside})`,
  );
}

/** `√d and √(n/k)`, `d, n and k`. */
export function sumText(predictors: readonly string[]): string {
  const names = predictors.map(predictorText);
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter((part) => part !== '').join(' and ');
}
