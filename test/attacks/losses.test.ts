// Losses: values against plain JavaScript, gradients against float64 finite differences, and finite numbers at ties and at the ends of float32.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createVictim, type Loss, oneHot } from '../../src/attacks/index.ts';
import {
  crossEntropy,
  deviation,
  dlr,
  margin,
  suited,
  targetedDifference,
  targetedDlr,
} from '../../src/attacks/losses.ts';
import {
  full,
  graph,
  input,
  inputsOf,
  type Model,
  modelFrom,
  mul,
  type Value,
  vjp,
} from '../../src/graph/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';

type Plain = (z: readonly number[], label: number, target: number) => number;

const sorted = (z: readonly number[]) => z.toSorted((a, b) => b - a);
const others = (z: readonly number[], label: number) => Math.max(...z.filter((_, k) => k !== label));

/** The definitions again, on plain numbers. */
const PLAIN: readonly { loss: Loss; least: number; plain: Plain }[] = [
  {
    loss: crossEntropy,
    least: 2,
    plain: (z, y) =>
      Math.log(z.reduce((total, v) => total + Math.exp(v - Math.max(...z)), 0)) + Math.max(...z) - z[y]!,
  },
  { loss: margin, least: 2, plain: (z, y) => others(z, y) - z[y]! },
  { loss: targetedDifference, least: 2, plain: (z, y, t) => z[t]! - z[y]! },
  {
    loss: dlr,
    least: 3,
    plain: (z, y) => -(z[y]! - others(z, y)) / (sorted(z)[0]! - sorted(z)[2]!),
  },
  {
    loss: targetedDlr,
    least: 4,
    plain: (z, y, t) => -(z[y]! - z[t]!) / (sorted(z)[0]! - (sorted(z)[2]! + sorted(z)[3]!) / 2),
  },
];

/** Values and gradients of a loss in float64. */
async function evaluated(
  loss: Loss,
  rows: readonly (readonly number[])[],
  labels: number[],
  targets: number[],
) {
  const [batch, classes] = [rows.length, rows[0]!.length];
  const port = (name: string) => input(name, 'float64', [batch, classes]);
  const [z, y, t] = [port('z'), port('y'), port('t')];
  const values = loss.of(z, y, t);
  const [gradients] = vjp([values], [full('float64', [batch], 1)], [z]) as [Value];
  const program = await compile(graph(inputsOf([values, gradients]), { values, gradients }));
  const given: Record<string, Float64Array> = {
    z: Float64Array.from(rows.flat()),
    y: Float64Array.from(oneHot(labels, classes)),
    t: Float64Array.from(oneHot(targets, classes)),
  };
  const found = await program.run(Object.fromEntries(program.inputs.map(({ name }) => [name, given[name]!])));
  await program.dispose();
  return {
    values: [...(found.values as Float64Array)],
    gradients: found.gradients as Float64Array,
  };
}

test.each(
  PLAIN.flatMap((entry) =>
    [2, 3, 4, 10].filter((k) => k >= entry.least).map((k) => [entry.loss.name, k, entry] as const),
  ),
)('%s of %i classes: values and gradients', async (_, classes, { loss, plain }) => {
  const rows = Array.from({ length: 40 }, (_, i) => [
    ...normal(rng('scores').split(classes).split(i), classes),
  ]);
  const labels = rows.map((_, i) => i % classes);
  const targets = rows.map((_, i) => (i + 1 + (i % (classes - 1))) % classes);
  const { values, gradients } = await evaluated(loss, rows, labels, targets);
  const h = 1e-6;
  rows.forEach((z, i) => {
    expect(values[i]).toBeCloseTo(plain(z, labels[i]!, targets[i]!), 10);
    z.forEach((_, k) => {
      const moved = (by: number) => plain(z.with(k, z[k]! + by), labels[i]!, targets[i]!);
      const slope = (moved(h) - moved(-h)) / (2 * h);
      expect(Math.abs(gradients[i * classes + k]! - slope)).toBeLessThan(1e-6 * (1 + Math.abs(slope)) ** 2);
    });
  });
});

test('deviation is the largest error, its gradient the sign at that output', async () => {
  const { values, gradients } = await evaluated(deviation, [[0.25, -2, 0.5]], [0], [0]);
  expect(values).toEqual([2]);
  expect(Array.from(gradients, (v) => v + 0)).toEqual([0, -1, 0]);
});

test('ties and huge scores give numbers', async () => {
  const huge = 3e38;
  const entry = fc.constantFrom(0, 1, -1, 1e-30, 1e30, huge, -huge);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(entry, { minLength: 5, maxLength: 5 }), { minLength: 16, maxLength: 16 }),
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      async (rows, label, step) => {
        for (const { loss } of PLAIN) {
          const victim = await IDENTITY;
          const labels = rows.map(() => label);
          const targets = rows.map(() => (label + step) % 5);
          const found = await victim.gradient(
            loss,
            Float32Array.from(rows.flat()),
            oneHot(labels, 5),
            oneHot(targets, 5),
          );
          expect(found.losses.some(Number.isNaN), loss.name).toBe(false);
          expect(found.gradients.some(Number.isNaN), loss.name).toBe(false);
        }
      },
    ),
    { numRuns: 60 },
  );
});

const IDENTITY = createVictim(scores(5), { kind: 'classification' });

/** A model whose scores are its inputs. */
function scores(classes: number): Model {
  return modelFrom('identity', (batch) => {
    const x = input('x', 'float32', [batch, classes]);
    return graph([x], { y: mul(x, 1) });
  });
}

test('the sign of margin, DLR and targeted difference says who is right', async () => {
  const rows = Array.from({ length: 200 }, (_, i) => [...normal(rng('signs').split(i), 4)]);
  const labels = rows.map((_, i) => i % 4);
  for (const loss of [margin, dlr]) {
    const { values } = await evaluated(loss, rows, labels, labels);
    rows.forEach((z, i) => {
      expect(values[i]! > 0).toBe(z[labels[i]!]! < Math.max(...z));
    });
  }
});

test('DLR does not see shifts and scales', async () => {
  const rows = Array.from({ length: 50 }, (_, i) => [...normal(rng('scales').split(i), 6)]);
  const moved = rows.map((z, i) => z.map((v) => 2 ** ((i % 40) - 20) * v + 3));
  const labels = rows.map((_, i) => i % 6);
  const targets = rows.map((_, i) => (i + 2) % 6);
  for (const loss of [dlr, targetedDlr]) {
    const [before, after] = [
      await evaluated(loss, rows, labels, targets),
      await evaluated(loss, moved, labels, targets),
    ];
    before.values.forEach((value, i) => {
      expect(after.values[i]! / value).toBeCloseTo(1, 8);
    });
  }
});

test('each victim has a loss that has a meaning for it', () => {
  const classes = (outputs: number) => ({ task: { kind: 'classification' } as const, outputs });
  expect(suited(dlr, classes(2))).toBe(margin);
  expect(suited(dlr, classes(3))).toBe(dlr);
  expect(suited(targetedDlr, classes(3))).toBe(targetedDifference);
  expect(suited(targetedDlr, classes(4))).toBe(targetedDlr);
  expect(suited(crossEntropy, { task: { kind: 'regression', tolerance: 1 }, outputs: 1 })).toBe(deviation);
});
