// What `robustlaw data` prints of a survey: the verdict, tables, and what was not measured.
import { join } from 'node:path';
import type { PlainEstimate } from '../guarantee/index.ts';
import { significant } from '../report/index.ts';
import type { DataSurvey } from '../survey/index.ts';
import { table } from './table.ts';

export { renderSurveyPage } from '../report/index.ts';

/** The verdict, the tables, what was not measured, and where the page is. */
export function surveyText(result: DataSurvey, output: string | undefined): string {
  const { law, dimensions, noise, separation, data } = result;
  const parts = [result.verdict.join('\n')];
  const asked = 'value' in law ? law.value.asks : [];
  const readings = 'value' in dimensions ? dimensions.value.readings : [];
  if (asked.length + readings.length > 0) {
    const rows = [
      ...asked.map(({ name, dimension, parameters }) => [
        name,
        estimateText(dimension),
        estimateText(parameters),
        '',
      ]),
      ...readings.flatMap(({ name, reason }) => (reason === null ? [] : [[name, '', '', reason]])),
    ];
    const noted = rows.some((row) => row[3] !== '');
    parts.push(
      `Dimension D, and parameters of the order n D for a robust fit below the noise\n${table(
        ['reading', 'D', 'n D', ...(noted ? ['note'] : [])],
        rows,
        ['D', 'n D'],
      )}`,
    );
  }
  if ('value' in noise) {
    const rows = noise.value.readings.map(({ name, level }) => [name, estimateText(level)]);
    const floor = noise.value.crossEntropyFloor;
    parts.push(
      `Noise of the labels, E Var[y|x]\n${table(['reading', 'sigma^2'], rows, ['sigma^2'])}${
        floor === null ? '' : `\nCross-entropy floor: ${significant(floor)} nats`
      }`,
    );
  }
  if ('value' in separation) {
    const rows = separation.value.map(({ norm, closest, robustRadius, exhaustive, quantiles }) => [
      norm,
      `${exhaustive ? '' : '\u2264 '}${significant(closest.distance)}`,
      `${exhaustive ? '' : '\u2264 '}${significant(robustRadius)}`,
      significant(quantiles.find(({ share }) => share === 0.5)!.distance),
      closest.rows.map(({ row, label }) => `${row} (${label})`).join(', '),
    ]);
    parts.push(
      `Distance to the nearest point of another class\n${table(
        ['norm', 'least', 'robust radius', 'median', 'closest rows (class)'],
        rows,
        ['least', 'robust radius', 'median'],
      )}`,
    );
    const against = separation.value.flatMap(({ norm, radii: list }) =>
      list.map(({ radius, ratio, sharedShare }) => [
        norm,
        significant(radius),
        ratio === null ? '\u221E' : significant(ratio),
        `${significant(100 * sharedShare)} %`,
      ]),
    );
    if (against.length > 0) {
      parts.push(
        `Radii asked for: from ratio 1 on no classifier is right within them around every point\n${table(
          ['norm', 'radius', 'ratio', 'points whose ball touches another class'],
          against,
          ['radius', 'ratio', 'points whose ball touches another class'],
        )}`,
      );
    }
  }
  const missing = (['noise', 'separation', 'dimensions', 'isoperimetry', 'concentration'] as const).flatMap(
    (part) => {
      const one = result[part];
      return 'reason' in one
        ? [`${one.status === 'partial' ? 'Incomplete' : 'Not measured'}: ${part}: ${one.reason}`]
        : [];
    },
  );
  const said = [...data.warnings.map((warning) => `Note: ${warning}`), ...missing];
  if (said.length > 0) parts.push(said.join('\n'));
  if (output !== undefined) parts.push(`Page: ${join(output, 'data.html')}`);
  return parts.join('\n\n');
}

/** `6.83 (6.36 to 7.19)`. */
function estimateText({ value, interval: [low, high] }: PlainEstimate): string {
  return low === high
    ? significant(value)
    : `${significant(value)} (${significant(low)} to ${significant(high)})`;
}
