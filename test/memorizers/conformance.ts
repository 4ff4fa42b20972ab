// One suite for all memorizers: interpolation, the certified constant against adversarial pairs, P, the ONNX file, permutations, edges.
import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { encodeModel, graph, input, modelFromOnnx, parameterCount, vjp } from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import { upperEnd, type Witness } from '../../src/guarantee/index.ts';
import { type Matrix, matrix, row } from '../../src/linalg/index.ts';
import { evaluateMemorizer, exportMemorizer, type Memorizer } from '../../src/memorizers/index.ts';
import { integers, normal, permutation, type Rng, rng, uniform } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';
import type { Points, Promised, Subject } from './subjects.ts';

export function memorizerConformance(subject: Subject): void {
  const { name, build, sample, onSphere } = subject;
  const { rows: n, columns: d } = sample.points;
  const m = sample.labels.columns;
  const scale = largest(sample.labels.data);

  test(`${name} interpolates`, async () => {
    const memorizer = await build(sample.points, sample.labels);
    expect(memorizer.inputDimension).toBe(d);
    expect(memorizer.outputDimension).toBe(m);
    const error = await interpolationError(memorizer, sample);
    expect(error).toBeLessThan(subject.accuracy * scale);
    if (memorizer.misfit !== undefined) {
      expect(error).toBeLessThanOrEqual(memorizer.misfit);
      expect(memorizer.misfit).toBeLessThan(error + 1e-9 * scale);
    }
  });

  test(`${name} has the stated number of parameters`, async () => {
    const memorizer = await build(sample.points, sample.labels);
    expect(memorizer.parameterCount).toBe(subject.parameterCount(n, d, m));
    expect(parameterCount(memorizer.graph(1))).toBe(memorizer.parameterCount);
    for (const dtype of ['float64', 'float32'] as const) {
      const read = modelFromOnnx(decodeModel(exportMemorizer(memorizer, dtype)));
      expect(read.parameterCount).toBe(memorizer.parameterCount);
      expect(modelFromOnnx(decodeModel(encodeModel(read))).parameterCount).toBe(memorizer.parameterCount);
    }
  });

  test(`no slope of ${name} exceeds its certified constant`, async () => {
    const memorizer = await build(sample.points, sample.labels);
    const constants = [{ bound: upperEnd(memorizer.lipschitz), domain: memorizer.lipschitz.domain.kind }];
    const globally = memorizer.globalLipschitz?.();
    if (globally) constants.push({ bound: upperEnd(globally), domain: 'global' });
    for (const { bound, domain } of constants) {
      const place = placement(memorizer, domain);
      const pairs = adversarialPairs(sample, rng(name), place);
      const worst = await steepestSlope(memorizer, pairs, bound, scale);
      expect(worst).toBeLessThanOrEqual(bound * (1 + 1e-9));
      if (subject.differentiable) {
        const gradient = await steepestGradient(memorizer, sample, rng(name).split('ascent'), place, domain);
        expect(gradient).toBeLessThanOrEqual(bound * (1 + 1e-9));
        // An ascent that finds nothing would prove nothing.
        expect(gradient).toBeGreaterThan(
          0.02 * upperEnd(memorizer.lipschitz) * (domain === 'global' ? 0.01 : 1),
        );
      }
    }
  });

  test(`the witness of ${name} attains its constant`, async () => {
    const memorizer = await build(sample.points, sample.labels);
    const { lipschitz, witness } = memorizer;
    if (lipschitz.kind === 'exact') {
      const [lower, upper] = lipschitz.enclosure;
      expect(upper - lower).toBeLessThanOrEqual(1e-9 * upper);
      expect(Math.abs((await slopeAt(memorizer, witness!)) / upper - 1)).toBeLessThan(1e-9);
    } else if (witness) {
      const slope = await slopeAt(memorizer, witness);
      expect(slope).toBeGreaterThan(0);
      expect(slope).toBeLessThanOrEqual(lipschitz.value * (1 + 1e-9));
    }
  });

  test(`the ONNX file of ${name} gives the same numbers`, async () => {
    const memorizer = await build(sample.points, sample.labels);
    const x = Float64Array.from([...sample.points.data, ...normal(rng(name), 5 * d)]);
    const expected = await evaluateMemorizer(memorizer, x);
    const session = await ort.InferenceSession.create(exportMemorizer(memorizer));
    for (const count of [n + 5, 1]) {
      const feed = new ort.Tensor('float64', x.slice(0, count * d), [count, d]);
      const { y } = await session.run({ x: feed });
      expect(y!.dims).toEqual([count, m]);
      expect(distance(y!.data as Float64Array, expected.slice(0, count * m))).toBeLessThan(1e-10 * scale);
    }
    await session.release();
    const single = await ort.InferenceSession.create(exportMemorizer(memorizer, 'float32'));
    const feed = new ort.Tensor('float32', Float32Array.from(sample.points.data), [n, d]);
    const { y } = await single.run({ x: feed });
    const fitted = expected.slice(0, n * m);
    expect(distance(Float64Array.from(y!.data as Float32Array), fitted)).toBeLessThanOrEqual(
      (subject.float32 ?? 0) * scale,
    );
    await single.release();
  });

  test(`${name} does not depend on the order of the points`, async () => {
    const order = permutation(rng(name), n);
    const shuffled = { points: chosen(sample.points, order), labels: chosen(sample.labels, order) };
    const x = normal(rng(name).split('probes'), 20 * d);
    const [a, b] = [await build(sample.points, sample.labels), await build(shuffled.points, shuffled.labels)];
    expect(await evaluateMemorizer(b, x)).toEqual(await evaluateMemorizer(a, x));
    expect(upperEnd(b.lipschitz)).toBe(upperEnd(a.lipschitz));
  });

  test(`${name} with equal labels and with zero labels`, async () => {
    for (const value of [0.7, 0]) {
      const labels = matrix(n, m, new Float64Array(n * m).fill(value));
      const memorizer = await build(sample.points, labels);
      expect(parameterCount(memorizer.graph(1))).toBe(subject.parameterCount(n, d, m));
      expect(await interpolationError(memorizer, { points: sample.points, labels })).toBeLessThan(
        value === 0 ? 1e-300 : subject.accuracy,
      );
      if (value === 0) expect(upperEnd(memorizer.lipschitz)).toBe(0);
    }
  });

  test(`${name} keeps a point once that occurs twice with one label`, async () => {
    const twice = Int32Array.from([...Array(n).keys(), 3, 3]);
    const doubled = { points: chosen(sample.points, twice), labels: chosen(sample.labels, twice) };
    const [a, b] = [await build(sample.points, sample.labels), await build(doubled.points, doubled.labels)];
    expect(b.parameterCount).toBe(a.parameterCount);
    expect(await evaluateMemorizer(b, sample.points.data)).toEqual(
      await evaluateMemorizer(a, sample.points.data),
    );
  });

  test(`${name} refuses contradictory labels, naming the rows`, async () => {
    const twice = Int32Array.from([...Array(n).keys(), 5]);
    const points = chosen(sample.points, twice);
    const labels = chosen(sample.labels, twice);
    labels.data[n * m]! += 1;
    await expect(build(points, labels)).rejects.toMatchObject({
      code: 'contradictory-labels',
      message: expect.stringContaining(`rows 5 and ${n} `),
    });
  });

  test(`${name} refuses numbers that are not finite, naming the place`, async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const points = matrix(n, d, sample.points.data.slice());
      points.data[2 * d + 1] = bad;
      await expect(build(points, sample.labels)).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining('points at row 2, column 1'),
      });
      const labels = matrix(n, m, sample.labels.data.slice());
      labels.data[4 * m] = bad;
      await expect(build(sample.points, labels)).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining('labels at row 4, column 0'),
      });
    }
    const fewer = chosen(sample.labels, Int32Array.from([0, 1]));
    await expect(build(sample.points, fewer)).rejects.toMatchObject({ code: 'shape-mismatch' });
  });

  test(`${name} on labels that are ${subject.vectorLabels ? 'vectors' : 'not scalar'}`, async () => {
    const labels = matrix(n, 3, normal(rng(name), n * 3));
    if (!subject.vectorLabels) {
      await expect(build(sample.points, labels)).rejects.toMatchObject({ code: 'invalid-argument' });
      return;
    }
    const memorizer = await build(sample.points, labels);
    expect(await interpolationError(memorizer, { points: sample.points, labels })).toBeLessThan(1e-9);
    const place = placement(memorizer, memorizer.lipschitz.domain.kind);
    const pairs = adversarialPairs({ points: sample.points, labels }, rng(name), place);
    const bound = upperEnd(memorizer.lipschitz);
    expect(await steepestSlope(memorizer, pairs, bound, largest(labels.data))).toBeLessThanOrEqual(
      bound * (1 + 1e-9),
    );
  });

  test(`${name} at the edges`, async () => {
    const first = (count: number): Points => {
      const rows = Int32Array.from({ length: count }, (_, i) => i);
      return { points: chosen(sample.points, rows), labels: chosen(sample.labels, rows) };
    };
    await holds(subject, subject.onePoint, first(1));
    await holds(subject, 'works', first(2));
    const line = matrix(n, 1, normal(rng(name), n));
    await holds(subject, subject.oneDimension, { points: line, labels: sample.labels });
    const single = { points: matrix(1, 1, Float64Array.of(2)), labels: matrix(1, 1, Float64Array.of(3)) };
    await holds(subject, onSphere ? 'construction-impossible' : 'works', single);
    for (const factor of [1e100, 1e-100]) {
      const points = matrix(
        n,
        d,
        sample.points.data.map((t) => t * factor),
      );
      const labels = matrix(
        n,
        m,
        sample.labels.data.map((t) => t * factor),
      );
      await holds(subject, subject.extremeScales, { points, labels });
      await holds(subject, 'works', { points: sample.points, labels });
      if (!onSphere) await holds(subject, 'works', { points, labels: sample.labels });
    }
  });
}

/** Builds and interpolates with a finite constant, or refuses with the promised code. */
async function holds(subject: Subject, promised: Promised, sample: Points): Promise<void> {
  const attempt = subject.build(sample.points, sample.labels);
  if (promised !== 'works') {
    await expect(attempt).rejects.toMatchObject({ code: promised });
    return;
  }
  const memorizer = await attempt;
  expect(parameterCount(memorizer.graph(2))).toBe(memorizer.parameterCount);
  const bound = upperEnd(memorizer.lipschitz);
  expect(bound).toBeGreaterThanOrEqual(0);
  expect(bound).toBeLessThan(Number.POSITIVE_INFINITY);
  const error = await interpolationError(memorizer, sample);
  const allowed = memorizer.misfit ?? subject.accuracy * largest(sample.labels.data);
  expect(error).toBeLessThanOrEqual(allowed);
}

async function interpolationError(memorizer: Memorizer, { points, labels }: Points): Promise<number> {
  return distance(await evaluateMemorizer(memorizer, points.data), labels.data);
}

function distance(a: Float64Array, b: Float64Array): number {
  expect(a.length).toBe(b.length);
  // Math.max keeps a NaN, which no comparison then accepts.
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}

function largest(values: Float64Array): number {
  return values.reduce((max, t) => Math.max(max, Math.abs(t)), 0);
}

function chosen(a: Matrix, rows: Int32Array): Matrix {
  const result = matrix(rows.length, a.columns);
  rows.forEach((i, place) => {
    row(result, place).set(row(a, i));
  });
  return result;
}

/** Moves a point into the domain of the guarantee. */
type Placement = (x: Float64Array) => Float64Array;

function placement({ lipschitz }: Memorizer, kind: string): Placement {
  const { domain } = lipschitz;
  if (kind === 'sphere') return (x) => scaledTo(x, 1);
  if (kind === 'ball' && domain.kind === 'ball') {
    return (x) => (length(x) > domain.radius ? scaledTo(x, domain.radius * (1 - 1e-12)) : x);
  }
  return (x) => x;
}

function scaledTo(x: Float64Array, radius: number): Float64Array {
  const size = length(x);
  return x.map((t) => (t * radius) / size);
}

function length(x: Float64Array): number {
  return Math.sqrt(x.reduce((sum, t) => sum + t * t, 0));
}

/** Pairs where a wrong constant would show: far and near, about data, about the middle between data, along segments. */
function adversarialPairs(
  { points, labels }: Points,
  key: Rng,
  place: Placement,
): [Float64Array, Float64Array][] {
  const { rows: n, columns: d } = points;
  const pairs: [Float64Array, Float64Array][] = [];
  const spread = length(points.data) / Math.sqrt(n);
  const random = (name: string, k: number, size: number) =>
    normal(key.split(name).split(k), d).map((t) => (t * size) / Math.sqrt(d));
  const add = (a: Float64Array, b: Float64Array) => {
    const [p, q] = [place(a), place(b)];
    if (length(p.map((t, k) => t - q[k]!)) > 0) pairs.push([p, q]);
  };
  const plus = (a: Float64Array, b: Float64Array) => a.map((t, k) => t + b[k]!);
  const between = (a: Float64Array, b: Float64Array, t: number) => a.map((s, k) => (1 - t) * s + t * b[k]!);
  for (let k = 0; k < 150; k++) {
    const size = spread * [0.3, 1, 3][k % 3]!;
    const a = random('far', k, size);
    add(a, random('far', k + 1000, size));
    add(a, plus(a, random('near', k, spread * 10 ** -(1 + (k % 4)))));
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) add(row(points, i), row(points, j));
    for (const size of [0.3, 1e-2, 1e-4]) {
      add(row(points, i), plus(row(points, i), random(`data ${size}`, i, spread * size)));
    }
  }
  const [first, second] = [integers(key.split('i'), 60, 0, n), integers(key.split('j'), 60, 0, n)];
  const places = uniform(key.split('t'), 60);
  for (let k = 0; k < 60; k++) {
    const [a, b] = [row(points, first[k]!), row(points, second[k]!)];
    const opposite = labels.data[first[k]! * labels.columns]! * labels.data[second[k]! * labels.columns]! < 0;
    const steps = opposite ? 40 : 8;
    for (let s = 0; s < steps; s++) add(between(a, b, s / steps), between(a, b, (s + 1) / steps));
    const middle = between(a, b, opposite ? 0.5 : places[k]!);
    add(middle, plus(middle, random('middle', k, spread * 1e-3)));
    add(between(a, b, 0.4999), between(a, b, 0.5001));
  }
  return pairs;
}

/** The steepest quotient, less what the rounding of f can feign. */
async function steepestSlope(
  memorizer: Memorizer,
  pairs: readonly [Float64Array, Float64Array][],
  bound: number,
  scale: number,
): Promise<number> {
  const [d, m] = [memorizer.inputDimension, memorizer.outputDimension];
  const x = new Float64Array(pairs.length * 2 * d);
  pairs.flat().forEach((point, i) => {
    x.set(point, i * d);
  });
  const { y, error } = await valuesWithError(memorizer, x, bound, scale);
  let worst = 0;
  pairs.forEach(([a, b], i) => {
    const rise = length(
      Float64Array.from({ length: m }, (_, k) => y[2 * i * m + k]! - y[(2 * i + 1) * m + k]!),
    );
    const run = length(a.map((t, k) => t - b[k]!));
    const slope = (rise - error(2 * i) - error(2 * i + 1)) / run;
    expect(slope).not.toBeNaN();
    worst = Math.max(worst, slope);
  });
  return worst;
}

/** f at many points, and a bound on the error of evaluation: rounding, and the duality gap where the graph reports one. */
async function valuesWithError(memorizer: Memorizer, x: Float64Array, bound: number, scale: number) {
  const count = x.length / memorizer.inputDimension;
  const program = await compile(memorizer.graph(count));
  const outputs = await program.run({ x });
  await program.dispose();
  const gap = outputs.gap as Float64Array | undefined;
  const rounding = 1e-13 * (scale + bound * largest(x));
  return {
    y: outputs.y as Float64Array,
    error: (i: number) => rounding + (gap ? bound * Math.sqrt((gap[i]! + 1e-15 * largest(x) ** 2) / 2) : 0),
  };
}

/** The longest gradient of a random combination of outputs (tangential on the sphere) that a random ascent finds. */
async function steepestGradient(
  memorizer: Memorizer,
  { points }: Points,
  key: Rng,
  place: Placement,
  domain: string,
): Promise<number> {
  const [d, m, batch] = [memorizer.inputDimension, memorizer.outputDimension, 64];
  const g = memorizer.graph(batch);
  const cotangent = input('cotangent', 'float64', [batch, m]);
  const [gradient] = vjp([g.outputs.y!], [cotangent], [g.inputs[0]!]);
  const program = await compile(graph([...g.inputs, cotangent], { gradient: gradient! }));
  const combination = new Float64Array(batch * m);
  for (let b = 0; b < batch; b++) combination.set(scaledTo(normal(key.split(b), m), 1), b * m);
  const slopes = async (x: Float64Array) => {
    const result = (await program.run({ x, cotangent: combination })).gradient as Float64Array;
    return Array.from({ length: batch }, (_, b) => {
      const [at, direction] = [x.subarray(b * d, (b + 1) * d), result.subarray(b * d, (b + 1) * d)];
      const radial = domain === 'sphere' ? direction.reduce((sum, t, k) => sum + t * at[k]!, 0) : 0;
      return length(direction.map((t, k) => t - radial * at[k]!));
    });
  };
  const starts = integers(key.split('starts'), batch, 0, points.rows);
  const spread = length(points.data) / Math.sqrt(points.rows);
  let best = new Float64Array(batch * d);
  let heights: number[] = new Array(batch).fill(-1);
  for (let round = 0; round < 40; round++) {
    const step = (spread * 0.7 ** (round / 3)) / Math.sqrt(d);
    const moves = normal(key.split('moves').split(round), batch * d);
    const candidate = new Float64Array(batch * d);
    for (let b = 0; b < batch; b++) {
      const from = round === 0 ? row(points, starts[b]!) : best.subarray(b * d, (b + 1) * d);
      candidate.set(place(from.map((t, k) => t + step * moves[b * d + k]!)), b * d);
    }
    const found = await slopes(candidate);
    const next = best.slice();
    heights = heights.map((height, b) => {
      expect(found[b]).not.toBeNaN();
      if (found[b]! <= height) return height;
      next.set(candidate.subarray(b * d, (b + 1) * d), b * d);
      return found[b]!;
    });
    best = next;
  }
  await program.dispose();
  return Math.max(...heights);
}

/** |f(a) - f(b)| / |a - b| of a pair, or the directional derivative. */
async function slopeAt(memorizer: Memorizer, witness: Witness): Promise<number> {
  if (witness.kind === 'pair') {
    const y = await evaluateMemorizer(memorizer, Float64Array.from([...witness.a, ...witness.b]));
    const m = memorizer.outputDimension;
    const rise = length(Float64Array.from({ length: m }, (_, k) => y[k]! - y[m + k]!));
    return rise / length(witness.a.map((t, k) => t - witness.b[k]!));
  }
  const g = memorizer.graph(1);
  const derivatives = Array.from({ length: memorizer.outputDimension }, async (_, k) => {
    const cotangent = input('cotangent', 'float64', [1, memorizer.outputDimension]);
    const [gradient] = vjp([g.outputs.y!], [cotangent], [g.inputs[0]!]);
    const program = await compile(graph([...g.inputs, cotangent], { gradient: gradient! }));
    const unit = new Float64Array(memorizer.outputDimension);
    unit[k] = 1;
    const result = await program.run({ x: witness.point, cotangent: unit });
    await program.dispose();
    const along = (result.gradient as Float64Array).reduce((sum, t, i) => sum + t * witness.direction[i]!, 0);
    return along;
  });
  return length(Float64Array.from(await Promise.all(derivatives))) / length(witness.direction);
}
