// The data of a survey, as the result names them.
import { type Dataset, featureCount, pointCount } from '../data/index.ts';
import { counted } from '../words/index.ts';
import type { SurveyLabels } from './labels.ts';
import type { DataSurvey } from './result.ts';

export function describeData(
  data: Dataset,
  labels: SurveyLabels,
  warnings: readonly string[],
): DataSurvey['data'] {
  const { name, provenance, shape, x } = data;
  const [points, features] = [pointCount(data), featureCount(data)];
  const constantFeatures = countConstant(x, features);
  return {
    name,
    source: provenance.source,
    transformations: [...provenance.transformations],
    sha256: provenance.sha256,
    points,
    features,
    shape: shape.slice(1),
    range: rangeOf(x),
    constantFeatures,
    labels: describeLabels(labels),
    warnings: [...warnings, ...oddities(labels, features, constantFeatures)],
  };
}

function oddities(labels: SurveyLabels, features: number, constantFeatures: number): string[] {
  const odd: string[] = [];
  if (constantFeatures === features) odd.push('all points are equal');
  else if (constantFeatures > 0)
    odd.push(
      `${counted(constantFeatures, 'feature')} of ${features} ${constantFeatures === 1 ? 'has' : 'have'} one value in all rows`,
    );
  if (labels.kind === 'classification') {
    if (labels.names.length === 1) odd.push(`all labels are the same: ${labels.names[0]}`);
    const single = rowsOfClasses(labels).filter((rows) => rows === 1).length;
    if (single > 0 && labels.names.length > 1)
      odd.push(`${counted(single, 'class has', 'classes have')} a single row`);
  }
  return odd;
}

function describeLabels(labels: SurveyLabels): DataSurvey['data']['labels'] {
  if (labels.kind === 'classification') {
    const rows = rowsOfClasses(labels);
    return {
      kind: 'classification',
      classes: labels.names.map((name, label) => ({ name, rows: rows[label]! })),
    };
  }
  const { values, outputs } = labels;
  const rows = values.length / outputs;
  let variance = 0;
  for (let k = 0; k < outputs; k++) {
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += values[i * outputs + k]! / rows;
    for (let i = 0; i < rows; i++) variance += (values[i * outputs + k]! - mean) ** 2 / rows;
  }
  return { kind: 'regression', outputs, range: rangeOf(values), variance };
}

function rowsOfClasses({ classes, names }: Extract<SurveyLabels, { kind: 'classification' }>): number[] {
  const rows = new Array<number>(names.length).fill(0);
  for (const label of classes) rows[label]!++;
  return rows;
}

function rangeOf(values: Float32Array | Float64Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function countConstant(x: Float32Array | Float64Array, features: number): number {
  const varies = new Uint8Array(features);
  for (let at = features; at < x.length; at++) if (x[at] !== x[at % features]) varies[at % features] = 1;
  return varies.reduce((count, one) => count + (1 - one), 0);
}
