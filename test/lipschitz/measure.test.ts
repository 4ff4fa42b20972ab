// No certificate below a witness, ever: every method on random models of every kind, against Jacobians at random points.
import { describe, expect, it } from 'vitest';
import {
  abs,
  add,
  graph,
  input,
  type Model,
  matMul,
  modelFrom,
  sizeOf,
  softmax,
  sub,
  toFloat,
  transpose,
  vjp,
} from '../../src/graph/index.ts';
import { type Domain, type Norm, relativeGap, upperEnd } from '../../src/guarantee/index.ts';
import { matrix, singularValues } from '../../src/linalg/index.ts';
import { measureLipschitz } from '../../src/lipschitz/index.ts';
import { METHODS } from '../../src/lipschitz/methods.ts';
import { taskOf } from '../../src/lipschitz/task.ts';
import { normal, type Rng, rng, uniform } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { randomModel } from './random-models.ts';

const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];
const POINTS = 32;

/** The Jacobians `[outputs, features]` at points `[POINTS, features]`, by the engine in float64. */
async function jacobians(model: Model, points: Float64Array): Promise<Float64Array[]> {
  const g = toFloat(model.forBatch(POINTS), 'float64');
  const [x] = g.inputs;
  const y = g.outputs.y!;
  const outputs = sizeOf(y.shape.slice(1));
  const features = sizeOf(x!.shape.slice(1));
  const u = input('u', 'float64', y.shape);
  const [pullback] = vjp([y], [u], [x!]);
  const program = await compile(graph([x!, u], { pullback: pullback! }));
  const result = Array.from({ length: POINTS }, () => new Float64Array(outputs * features));
  for (let j = 0; j < outputs; j++) {
    const axis = new Float64Array(POINTS * outputs).map((_, i) => (i % outputs === j ? 1 : 0));
    const rows = (await program.run({ x: points, u: axis })).pullback as Float64Array;
    for (const [i, at] of result.entries())
      at.set(rows.subarray(i * features, (i + 1) * features), j * features);
  }
  await program.dispose();
  return result;
}

/** The operator norm by definition: sums of absolute values, or ml-matrix's singular values. */
function operatorNorm(j: Float64Array, features: number, norm: Norm): number {
  const outputs = j.length / features;
  const at = (row: number, column: number) => Math.abs(j[row * features + column]!);
  if (norm === 'l2') return singularValues(matrix(outputs, features, j.slice()))[0]!;
  const [rows, columns] = [
    Array.from({ length: outputs }, (_, i) => i),
    Array.from({ length: features }, (_, i) => i),
  ];
  return norm === 'l1'
    ? Math.max(...columns.map((c) => rows.reduce((sum, r) => sum + at(r, c), 0)))
    : Math.max(...rows.map((r) => columns.reduce((sum, c) => sum + at(r, c), 0)));
}

/** Points of the domain: all over it, and around the centre. */
function samples(domain: Domain, features: number, key: Rng): Float64Array {
  const z = normal(key.split('normal'), POINTS * features);
  if (domain.kind === 'box') {
    const t = uniform(key.split('uniform'), POINTS * features);
    return t.map((v, i) => {
      const [low, high] = [domain.lower[i % features]!, domain.upper[i % features]!];
      return Math.min(high, low + v * (high - low));
    });
  }
  if (domain.kind === 'ball') {
    // Inside of the l1 ball of the radius, hence of all.
    const t = uniform(key.split('length'), POINTS);
    return z.map((v, i) => {
      const row = Math.floor(i / features);
      const size = z.subarray(row * features, (row + 1) * features).reduce((sum, w) => sum + Math.abs(w), 0);
      return domain.centre[i % features]! + (0.999 * domain.radius * t[row]! * v) / size;
    });
  }
  return z.map((v, i) => v * [0.3, 1, 3, 100][Math.floor(i / features) % 4]!);
}

function randomDomain(features: number, norm: Norm, key: Rng, kind: number): Domain {
  if (kind === 0) return { kind: 'global' };
  const centre = normal(key.split('centre'), features);
  const radius = uniform(key.split('radius'), 1, 0.01, 1.5)[0]!;
  if (kind === 1) return { kind: 'ball', centre, radius, norm };
  return { kind: 'box', lower: centre.map((c) => c - radius), upper: centre.map((c) => c + radius) };
}

const CERTIFYING = METHODS.filter(({ name }) => !/ascent|data/.test(name));

describe('every certificate', () => {
  const met = new Set<string>();
  it.each(Array.from({ length: 6 }, (_, block) => block))(
    'bounds the Jacobians at random points of 100 random models in every norm (block %i)',
    async (block) => {
      for (let i = 0; i < 100; i++) {
        const key = rng('certificates').split(block).split(i);
        const { model, features, description } = randomModel(key);
        for (const [at, norm] of NORMS.entries()) {
          const domain = randomDomain(features, norm, key, (i + at) % 3);
          const points = samples(domain, features, key.split('samples'));
          const steepest = Math.max(
            ...(await jacobians(model, points)).map((j) => operatorNorm(j, features, norm)),
          );
          const task = taskOf(model, { norm, domain }, new Float64Array(0), key, 0.05, () => false);
          for (const { name, norms, domains, run } of CERTIFYING) {
            if (!norms.includes(norm) || !domains.includes(domain.kind)) continue;
            const guarantees = await Promise.resolve()
              .then(() => run(task, Number.POSITIVE_INFINITY))
              .catch((error) => {
                if (error.code !== 'unsupported-op') throw error;
                return [];
              });
            for (const guarantee of guarantees) {
              if (guarantee.kind === 'lower') continue;
              met.add(name);
              expect(
                upperEnd(guarantee),
                `${guarantee.method}, ${norm}, ${domain.kind}: ${description}`,
              ).toBeGreaterThanOrEqual(steepest * (1 - 1e-9));
            }
          }
        }
      }
    },
    300_000,
  );

  it('was put to the test', () => {
    expect([...met].toSorted()).toEqual(CERTIFYING.map(({ name }) => name).toSorted());
  });
});

describe('measureLipschitz', () => {
  const quick = { seconds: 2, stop: () => false, clever: false };

  it('orders the ends, and closes them on small piecewise linear models, in every norm', async () => {
    for (let i = 0; i < 8; i++) {
      const key = rng('both sides').split(i);
      const { model, features, description } = randomModel(key, true);
      const norm = NORMS[i % 3]!;
      const domain = randomDomain(features, norm, key, i % 2 === 0 ? 2 : 0);
      const starts = samples(domain, features, key.split('starts'));
      const { lower, upper, answers } = await measureLipschitz(model, { norm, domain }, starts, key, quick);
      expect(lower!.value, description).toBeLessThanOrEqual(upperEnd(upper!));
      const steepest = Math.max(
        ...(await jacobians(model, starts)).map((j) => operatorNorm(j, features, norm)),
      );
      expect(upperEnd(upper!), description).toBeGreaterThanOrEqual(steepest * (1 - 1e-9));
      // The ascent starts from the samples and is no worse than the best of them.
      expect(lower!.value, description).toBeGreaterThanOrEqual(steepest * (1 - 1e-6));
      expect(answers.length).toBeGreaterThan(3);
    }
  }, 120_000);

  it('finds x -> |x| + |x - 1| to be 2-Lipschitz, exactly, and 0-Lipschitz between the kinks', async () => {
    const model = modelFrom('two kinks', (batch) => {
      const x = input('x', 'float64', [batch, 1]);
      const y = add(abs(x), abs(sub(x, 1)));
      return graph([x], { y });
    });
    const on = (domain: Domain) =>
      measureLipschitz(model, { norm: 'l2', domain }, Float64Array.of(0.3, 7), rng(1), quick);
    const everywhere = await on({ kind: 'global' });
    expect(everywhere.upper!.kind).toBe('exact');
    expect(everywhere.lower!.value).toBeCloseTo(2, 9);
    expect(relativeGap(everywhere)).toBeLessThan(1e-8);
    const between = await on({ kind: 'box', lower: Float64Array.of(0.2), upper: Float64Array.of(0.8) });
    expect(upperEnd(between.upper!)).toBeLessThan(1e-12);
  });

  it('bounds attention on a box only, and says why it has no global constant', async () => {
    const model = modelFrom('attention', (batch) => {
      const x = input('x', 'float64', [batch, 3, 2]);
      const scores = softmax(matMul(x, transpose(x, [0, 2, 1])));
      return graph([x], { y: matMul(scores, x) });
    });
    const starts = normal(rng(2), 60);
    const everywhere = await measureLipschitz(
      model,
      { norm: 'l2', domain: { kind: 'global' } },
      starts,
      rng(3),
      quick,
    );
    expect(everywhere.upper).toBeUndefined();
    expect(everywhere.lower!.value).toBeGreaterThan(0);
    expect(everywhere.answers[0]!.note).toMatch(/MatMul.*box|MatMul[\s\S]*ball/);
    const box: Domain = {
      kind: 'box',
      lower: new Float64Array(6).fill(-0.1),
      upper: new Float64Array(6).fill(0.1),
    };
    const local = await measureLipschitz(model, { norm: 'l2', domain: box }, starts, rng(4), quick);
    expect(upperEnd(local.upper!)).toBeLessThan(10 * local.lower!.value);
    expect(upperEnd(local.upper!)).toBeGreaterThanOrEqual(local.lower!.value);
  });

  it('stops when told to, with a certificate and a witness all the same', async () => {
    const { model, features } = randomModel(rng('stopped'));
    const measurement = await measureLipschitz(
      model,
      {
        norm: 'linf',
        domain: { kind: 'box', lower: new Float64Array(features), upper: new Float64Array(features).fill(1) },
      },
      new Float64Array(0),
      rng(5),
      { seconds: 0, stop: () => true, clever: false },
    );
    expect(measurement.upper).toBeDefined();
  });
});
