// Models and data for the tests of audits: a network trained on some digits, and linear models, whose boundary is known.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditRequest } from '../../src/audit/index.ts';
import {
  chooseRows,
  createDataset,
  type Dataset,
  oneHotLabels,
  opticalDigits,
} from '../../src/data/index.ts';
import {
  add,
  constant,
  encodeModel,
  graph,
  input,
  type Model,
  matMul,
  modelFrom,
  parameter,
  relu,
  tensor,
} from '../../src/graph/index.ts';
import { exportModel, mlp } from '../../src/models/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { adam, constantRate, plain, squaredLoss, train } from '../../src/training/index.ts';

/** The first rows of the digits. */
export function someDigits(n: number): Dataset {
  return chooseRows(
    opticalDigits(),
    Array.from({ length: n }, (_, i) => i),
    `the first ${n}`,
  );
}

/** A network 64-12-10, trained on the first 300 digits, written to the folder; returns its path. */
export async function digitsModel(folder: string): Promise<string> {
  const family = mlp([64, 12, 10]);
  const { x, y } = oneHotLabels(someDigits(300));
  const plan = {
    family,
    objective: plain(squaredLoss),
    optimiser: adam(),
    learningRate: constantRate(0.003),
    steps: 600,
    stop: [],
  };
  const { weights } = await train(plan, { x, y, shape: [300, 64] }, rng(1));
  const path = join(folder, 'digits.onnx');
  writeFileSync(path, exportModel(family, weights));
  return path;
}

/** A random network features-8-classes with kinks around the origin, and the class it gives to a point. */
export function smallNetwork(
  features: number,
  classes: number,
): { readonly model: Model; readonly classOf: (x: Float64Array) => number } {
  const width = 8;
  const draw = (name: string, size: number) => normal(rng(name), size).map(Math.fround);
  const [w, b, v] = [draw('w', features * width), draw('b', width), draw('v', width * classes)];
  const model = modelFrom('small', (batch) => {
    const x = input('x', 'float32', [batch, features]);
    const into = parameter('w', tensor('float32', [features, width], w));
    const shift = parameter('b', tensor('float32', [width], b));
    const out = parameter('v', tensor('float32', [width, classes], v));
    return graph([x], { y: matMul(relu(add(matMul(x, into), shift)), out) });
  });
  const classOf = (x: Float64Array) => {
    const hidden = Array.from(b, (shift, h) =>
      Math.max(
        0,
        x.reduce((sum, value, j) => sum + value * w[j * width + h]!, shift),
      ),
    );
    const scores = Array.from({ length: classes }, (_, k) =>
      hidden.reduce((sum, value, h) => sum + value * v[h * classes + k]!, 0),
    );
    return scores.indexOf(Math.max(...scores));
  };
  return { model, classOf };
}

/** f(x) = x W + b, W `[features, outputs]`. */
export function linearModel(w: ArrayLike<number>, features: number, bias: readonly number[]): Model {
  const weights = parameter('w', tensor('float32', [features, bias.length], w));
  return modelFrom('linear', (batch) => {
    const x = input('x', 'float32', [batch, features]);
    return graph([x], { y: add(matMul(x, weights), constant(tensor('float32', [bias.length], bias))) });
  });
}

export function writeModel(folder: string, name: string, model: Model): string {
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, encodeModel(model));
  return path;
}

/** Points from a normal distribution with the given labels, `[n, outputs]`. */
export function normalData(
  name: string,
  n: number,
  features: number,
  label: (x: Float64Array) => readonly number[],
): Dataset {
  const x = normal(rng(name), n * features).map(Math.fround);
  const labels = Array.from({ length: n }, (_, i) => label(x.subarray(i * features, (i + 1) * features)));
  return createDataset({
    name,
    x,
    shape: [n, features],
    y: Float64Array.from(labels.flat(), Math.fround),
    outputs: labels[0]!.length,
    source: 'a test',
    transformations: [],
  });
}

/** A request with the defaults of the tests. */
export function requestFor(path: string, data: Dataset, more: Partial<AuditRequest> = {}): AuditRequest {
  return {
    model: { path },
    data,
    warnings: [],
    task: { kind: 'classification' },
    norms: [{ norm: 'linf', radii: [0.1] }],
    rows: { most: 32 },
    requirements: [],
    seed: 7,
    timeLimit: Number.POSITIVE_INFINITY,
    boundSeconds: 1,
    workers: 1,
    patience: 60,
    versions: { robustlaw: '0.0.0-test' },
    ...more,
  };
}

/** A result without what depends on the speed of the machine: times. */
export function timeless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(timeless);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'seconds')
      .map(([key, entry]) => [key, timeless(entry)]),
  );
}
