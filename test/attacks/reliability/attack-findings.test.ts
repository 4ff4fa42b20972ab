// What results of attacks betray: on sound models nothing, on masked ones that the attacks saw nothing.
import { expect, test } from 'vitest';
import {
  type Answered,
  type Attack,
  accuracyNotFalling,
  apgdCe,
  apgdTargeted,
  attackFailed,
  attackFindings,
  blackBoxBeatsWhiteBox,
  createThreat,
  createVictim,
  type Finding,
  fgsm,
  lossNotRising,
  oneHot,
  randomOperators,
  restartsKeepFinding,
  square,
  type Threat,
  worstCase,
} from '../../../src/attacks/index.ts';
import {
  div,
  emit1,
  graph,
  Identity,
  input,
  type Model,
  modelFrom,
  mul,
  reshape,
  round,
  softmax,
} from '../../../src/graph/index.ts';
import { decodeModel } from '../../../src/graph/onnx-file/index.ts';
import { rng } from '../../../src/random/index.ts';
import { whenDone } from '../../../src/stop.ts';
import { attr, CODE, fileOf, node, port, typed } from '../../graph/handmade.ts';
import { digits, FEATURES, nearestMean, rightOnes, victimOf } from './digits.ts';

const THREAT = createThreat('linf', 0.1, [0, 1]);
const ATTACKS = [apgdCe, apgdTargeted, square(300, [1, 8, 8])];

async function findings(
  model: Model,
  threat: Threat = THREAT,
  attacks: readonly Attack[] = ATTACKS,
): Promise<readonly Finding[]> {
  const victim = await victimOf(model);
  const { points, labels } = digits(90);
  const samples = await rightOnes(victim, points, labels);
  const known = await worstCase(attacks, victim, samples, threat, rng(1), whenDone);
  const found = await attackFindings(attacks, known, victim, samples, threat, rng(2), whenDone);
  await victim.dispose();
  return found;
}

const named = (found: readonly Finding[]) => found.map(({ id, severity }) => `${id}: ${severity}`);

test.each([
  ['linf', 0.1],
  ['linf', 0.01],
  ['l2', 0.5],
  ['l1', 2],
] as const)('a sound model has no findings: %s %d', async (norm, radius) => {
  expect(await findings(nearestMean(), createThreat(norm, radius, [0, 1]))).toEqual([]);
});

test('no findings without bounds, and at a radius that breaks everything', async () => {
  expect(await findings(nearestMean(), createThreat('linf', 0.1))).toEqual([]);
  expect(await findings(nearestMean(), createThreat('linf', 0.9, [0, 1]))).toEqual([]);
});

test('quantised inputs: attacks with gradients stand still, Square does not', async () => {
  const before = (x: Parameters<typeof round>[0]) => div(round(mul(x, 16)), 16);
  const found = await findings(nearestMean({ before }));
  const ids = found.map(({ id }) => id);
  expect(ids).toContain('loss-not-rising');
  expect(ids).toContain('black-box-beats-white-box');
  expect(found[0]!.severity).toBe('critical');
});

test('a cold softmax within the model: the loss does not rise', async () => {
  const after = (z: Parameters<typeof softmax>[0]) => emit1(Identity, [softmax(mul(z, 1e6))]);
  const found = await findings(nearestMean({ after }), THREAT, [apgdCe, apgdTargeted]);
  expect(found.map(({ id }) => id)).toContain('loss-not-rising');
  // The whole range of inputs is within reach, and these attacks still miss points.
  expect(found.map(({ id }) => id)).toContain('accuracy-not-falling');
});

test('an attack that does nothing leaves points that other digits prove breakable', async () => {
  const idle: Attack = { name: 'idle', access: 'white-box', run: async (_, { points }) => points };
  const found = await findings(nearestMean(), THREAT, [idle]);
  expect(named(found)).toEqual(['accuracy-not-falling: critical']);
  expect(found[0]!.evidence).toEqual({ radius: 1, attacked: 64, robust: 64, provablyMissed: 64 });
});

test('a constant model may keep its accuracy at any radius', async () => {
  const model = modelFrom('constant', (batch) => {
    const x = input('x', 'float32', [batch, FEATURES]);
    return graph([x], { y: reshape(mul(x, 0), [batch, FEATURES]) });
  });
  const victim = await createVictim(model, { kind: 'classification' });
  const { points } = digits(20);
  const labels = oneHot(new Array(20).fill(0), FEATURES);
  const samples = { points, labels, ids: [...Array(20).keys()] };
  const scores = await victim.scores(points);
  const wide = createThreat('linf', 1, [0, 1]);
  expect(accuracyNotFalling(victim.task, wide, samples, 20, points, scores)).toBeUndefined();
  await victim.dispose();
});

test('points are known to be missed only where another one is near and wrong for them', () => {
  const points = Float32Array.of(0, 0.5, 2);
  // By the sign of x - 1: the first two are class 0, the third class 1.
  const scores = Float32Array.of(1, -1, 0.5, -0.5, -1, 1);
  const robust = { points, labels: oneHot([0, 0, 1], 2), ids: [4, 5, 6] };
  const missed = (radius: number, bounds?: readonly [number, number]) =>
    accuracyNotFalling(
      { kind: 'classification' },
      createThreat('l2', radius, bounds),
      robust,
      3,
      points,
      scores,
    )?.evidence.provablyMissed;
  expect(missed(1)).toBeUndefined();
  // The third is 1.5 from the second and 2 from the first.
  expect(missed(1.5)).toBe(2);
  expect(missed(2)).toBe(3);
  // Outside of the bounds it is no example for the others, but they are examples for it.
  expect(missed(2, [0, 1])).toBe(1);
  const regression = accuracyNotFalling(
    { kind: 'regression', tolerance: 0.6 },
    createThreat('l2', 1),
    { points, labels: Float32Array.of(0, 0.5, 2), ids: [0, 1, 2] },
    3,
    points,
    Float32Array.of(0, 0.7, 2),
  );
  expect(regression?.evidence.provablyMissed).toBe(1);
});

const tally = (
  name: string,
  access: Attack['access'],
  broken: number,
  more: Partial<Answered> = {},
): Answered => ({
  name,
  access,
  broken,
  notAttacked: 0,
  ...more,
});

test('a black-box attack beats white-box ones only where these were done before it', () => {
  const white = tally('APGD-CE', 'white-box', 500);
  const of = (attacks: Answered[]) => blackBoxBeatsWhiteBox(attacks, 1000);
  expect(of([white, tally('Square', 'black-box', 0)])).toBeUndefined();
  expect(of([white, tally('Square', 'black-box', 2)])).toBeUndefined();
  expect(of([white, tally('Square', 'black-box', 3)])).toMatchObject({
    severity: 'warning',
    evidence: { rows: 1000, brokenByWhiteBox: 500, addedByBlackBox: 3 },
  });
  expect(of([white, tally('Square', 'black-box', 60)])!.severity).toBe('critical');
  expect(of([tally('Square', 'black-box', 60), white])).toBeUndefined();
  expect(of([tally('Square', 'black-box', 60)])).toBeUndefined();
  const stopped = tally('APGD-CE', 'white-box', 10, { notAttacked: 400 });
  expect(of([stopped, tally('Square', 'black-box', 60)])).toBeUndefined();
  const failed = tally('APGD-CE', 'white-box', 0, { failure: 'no derivative of Foo' });
  expect(of([failed, tally('Square', 'black-box', 60)])).toBeUndefined();
  expect(attackFailed([failed, white])).toMatchObject({
    id: 'attack-failed',
    evidence: { 'APGD-CE': 'no derivative of Foo' },
  });
  expect(attackFailed([white])).toBeUndefined();
});

test('a loss that rises, stays, falls, or need not rise', () => {
  const trace = (losses: number[], robust = 0.5) => ({
    losses,
    largest: losses,
    robust: losses.map(() => robust),
  });
  const of = (losses: number[], robust?: number) => lossNotRising('margin', trace(losses, robust));
  expect(of([-1, -0.9, -0.8, -0.7, -0.6])).toBeUndefined();
  expect(of([1, 1.1, 0.9, 1.2, 1.3, 1.2])).toBeUndefined();
  expect(of([-1, -1, -1, -1, -1])).toMatchObject({ severity: 'critical', evidence: { steps: 4, end: -1 } });
  expect(of([-1, -1.1, -0.9, -1.2, -1.1])).toBeDefined();
  expect(of([0, 0, 0, 0, 0])).toBeDefined();
  expect(of([-1, -1, -1, -1, -1], 0)).toBeUndefined();
  expect(of([-1, -1])).toBeUndefined();
  expect(of([])).toBeUndefined();
});

test('restarts that keep finding', () => {
  expect(restartsKeepFinding([50, 3, 1, 0, 0], 100)).toBeUndefined();
  expect(restartsKeepFinding([20, 15, 12, 10, 9], 100)).toMatchObject({
    evidence: { rows: 100, restarts: 5, added: '20, 15, 12, 10, 9' },
  });
  expect(restartsKeepFinding([20, 15], 100)).toBeUndefined();
  expect(restartsKeepFinding([20, 15, 12, 0, 3], 100)).toBeUndefined();
});

test('files that draw random numbers are named, although they cannot be imported', () => {
  const decoded = (parts: Parameters<typeof fileOf>[0]) => decodeModel(fileOf(parts), 'file');
  const x = [port('x', ['n', 3])];
  const noise = decoded({
    nodes: [node('RandomUniformLike', 'x', 'u', { low: attr.float(0) }), node('Add', 'x u', 'y')],
    inputs: x,
  });
  expect(randomOperators(noise)).toMatchObject({
    id: 'randomised-output',
    severity: 'critical',
    evidence: { operators: 'RandomUniformLike', nodes: 1 },
  });
  const dropout = (training: number) =>
    decoded({
      nodes: [node('Dropout', 'x ratio mode', 'y')],
      inputs: x,
      initializers: [typed('ratio', CODE.FLOAT, [], [0.5]), typed('mode', CODE.BOOL, [], [training])],
    });
  expect(randomOperators(dropout(1))).toMatchObject({ evidence: { operators: 'Dropout' } });
  expect(randomOperators(dropout(0))).toBeUndefined();
  expect(randomOperators(decoded({ nodes: [node('Relu', 'x', 'y')], inputs: x }))).toBeUndefined();
});

test('a stop ends the examination early, and no rows are no reason to fail', async () => {
  const victim = await victimOf(nearestMean());
  const { points, labels } = digits(30);
  const samples = await rightOnes(victim, points, labels);
  const known = await worstCase([fgsm], victim, samples, THREAT, rng(1), whenDone);
  const before = victim.spent().gradients;
  expect(await attackFindings([fgsm], known, victim, samples, THREAT, rng(1), () => true)).toEqual([]);
  expect(victim.spent().gradients).toBe(before);
  const none = { points: new Float32Array(0), labels: new Float32Array(0), ids: [] };
  const nothing = await worstCase(ATTACKS, victim, none, THREAT, rng(1), whenDone);
  expect(await attackFindings(ATTACKS, nothing, victim, none, THREAT, rng(1), whenDone)).toEqual([]);
  await victim.dispose();
});
