// The model and the data of an audit, as the result names them.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Dataset, featureCount, pointCount } from '../data/index.ts';
import type { Model, Port } from '../graph/index.ts';
import type { AuditRequest } from './request.ts';
import type { AuditResult } from './result.ts';
import type { Output, Subject } from './subject.ts';

export function describeModel(model: Model, subject: Subject, output: Output): AuditResult['model'] {
  const { task, source } = subject;
  return {
    file: basename(source.path),
    sha256: createHash('sha256').update(readFileSync(source.path)).digest('hex'),
    input: portText(model.inputs[0]!),
    output: `${portText(model.outputs[0]!)}${output.kind === 'scores' ? '' : `, the ${output.kind}`}`,
    parameterCount: model.parameterCount,
    task:
      task.kind === 'classification'
        ? { kind: 'classification', classes: output.outputs }
        : { kind: 'regression', outputs: output.outputs, tolerance: task.tolerance },
    notes: [...model.notes],
  };
}

function portText({ name, dtype, shape }: Port): string {
  return `${name}: ${dtype} [${shape.slice(1).join(', ')}]`;
}

/** @param audited whether these are the audited data, which were read with warnings and have bounds. */
export function describeData(
  data: Dataset,
  { bounds }: Subject,
  { warnings }: AuditRequest,
  audited: boolean,
): AuditResult['data'] {
  const { name, provenance, shape, classNames } = data;
  return {
    name,
    source: provenance.source,
    sha256: provenance.sha256,
    points: pointCount(data),
    features: featureCount(data),
    shape: shape.slice(1),
    ...(classNames && { classNames: [...classNames] }),
    bounds: bounds.every(Number.isFinite) ? [bounds[0], bounds[1]] : null,
    preprocessing: [...provenance.transformations],
    warnings: audited ? [...warnings] : [],
  };
}
