// Suspicious labels: flips among handwritten digits are found, by a model that did not learn them and behind one that did.
import { beforeAll, expect, test } from 'vitest';
import { oneHot } from '../../src/attacks/index.ts';
import { suspiciousLabels } from '../../src/audit/suspicious.ts';
import { type Dataset, opticalDigits } from '../../src/data/index.ts';
import { mlp, modelGraph } from '../../src/models/index.ts';
import { integers, normal, permutation, rng } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { type Neighbourhoods, nearestNeighbours } from '../../src/separation/index.ts';
import { adam, constantRate, plain, squaredLoss, train } from '../../src/training/index.ts';

const N = 1797;
const FLIPS = 90;
let digits: Dataset;
let labels: Float64Array;
let flipped: Set<number>;
let neighbourhoods: Neighbourhoods;

beforeAll(async () => {
  digits = opticalDigits();
  flipped = new Set(permutation(rng('flip'), N).subarray(0, FLIPS));
  const shift = integers(rng('shift'), N, 1, 10);
  labels = digits.y.map((label, i) => (flipped.has(i) ? (label + shift[i]!) % 10 : label));
  neighbourhoods = await nearestNeighbours(digits.x, 64, 10, rng(0));
});

/** The share of flipped labels among as many of the most suspicious, and of those the share with the right suggestion. */
function precision(scores: Float32Array, around: Neighbourhoods | undefined) {
  const list = suspiciousLabels(scores, labels, 10, around, FLIPS);
  const hits = list.filter(({ row }) => flipped.has(row));
  const right = hits.filter(({ row, suggested }) => suggested === digits.y[row]);
  return { listed: list.length, hits: hits.length / FLIPS, right: right.length / Math.max(1, hits.length) };
}

test('of 5 % flipped labels more than 85 % are the most suspicious, with a linear model', async () => {
  const family = mlp([64, 10]);
  const plan = {
    family,
    objective: plain(squaredLoss),
    optimiser: adam(),
    learningRate: constantRate(0.003),
    steps: 300,
    stop: [],
  };
  const { weights } = await train(plan, { x: digits.x, shape: [N, 64], y: oneHot(labels, 10) }, rng('w'));
  const program = await compile(modelGraph(family, weights, N));
  const { y } = await program.run({ x: Float32Array.from(digits.x) });
  await program.dispose();
  const scores = (y as Float32Array).map((score) => 8 * score);
  const both = precision(scores, neighbourhoods);
  expect(both.hits).toBeGreaterThan(0.85);
  expect(both.right).toBeGreaterThan(0.9);
  const alone = precision(scores, undefined);
  expect(alone.hits).toBeGreaterThan(0.7);
  expect(both.hits).toBeGreaterThanOrEqual(alone.hits);
});

test('a model that reproduces every label contradicts none; its neighbours do', () => {
  const table = oneHot(labels, 10).map((y) => 20 * y);
  expect(precision(table, undefined).listed).toBe(0);
  const found = precision(table, neighbourhoods);
  expect(found.hits).toBeGreaterThan(0.85);
  expect(found.right).toBeGreaterThan(0.9);
});

test('where neighbours mean nothing the model alone decides', async () => {
  const noise = await nearestNeighbours(normal(rng('noise'), N * 3), 3, 10, rng(0));
  const clean = oneHot(digits.y, 10).map((y) => 20 * y);
  const list = suspiciousLabels(clean, labels, 10, noise, FLIPS);
  expect(list.filter(({ row }) => flipped.has(row)).length / FLIPS).toBeGreaterThan(0.95);
});

test('the margin of a single row, with its reason', () => {
  const scores = Float32Array.from([0.1, 0.6, 0.3], Math.log);
  const [found, ...rest] = suspiciousLabels(scores, [0], 3, undefined, 5);
  expect(rest).toEqual([]);
  expect(found).toMatchObject({ row: 0, label: 0, suggested: 1 });
  expect(found!.score).toBeCloseTo(0.5, 6);
  expect(found!.reason).toBe('the model gives its label 10 % and class 1 60 %');
  expect(suspiciousLabels(scores, [1], 3, undefined, 5)).toEqual([]);
  expect(() => suspiciousLabels(scores, [1, 2], 3, undefined, 5)).toThrow(/number of scores/);
});
