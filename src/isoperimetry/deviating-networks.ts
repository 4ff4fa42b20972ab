// Networks trained on the training half to deviate from their mean as much as a Lipschitz constant of about 1 allows.

import {
  abs,
  add,
  clip,
  concat,
  div,
  exp,
  type Graph,
  gemm,
  gradient,
  graph,
  input,
  linear,
  log,
  maximum,
  minimum,
  mul,
  neg,
  reduceMax,
  reduceMean,
  reduceSum,
  slice,
  sqrt,
  square,
  sub,
  type TensorData,
  type Value,
} from '../graph/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { type Matrix, matrix, row } from '../linalg/index.ts';
import { normal, type Rng } from '../random/index.ts';
import { compile } from '../runtime/index.ts';
import type { Stop } from '../stop.ts';
import { adam, cosineRate, type Optimiser } from '../training/index.ts';
import type { Points } from './family.ts';
import type { SmallNetwork } from './network.ts';

/** Units of each of the two hidden layers. */
const WIDTH = 16;
const STEPS = 120;
const MOST_ROWS = 512;
/** Length by which a row of weights may turn in one step, at first. */
const RATE = 0.1;
/** For exp(lambda (f - mean)): lambda in units of 1 / the largest standard deviation of a linear function. */
const EXPONENT = 2;
/** Exponents that float64 bears. */
const MOST_EXPONENT = 300;

/** What a network is trained to make large. */
export type Deviation = 'variance' | 'exponential moment';

/**
 * A network of two hidden layers with sorted pairs whose matrices are kept near norm 1 after every step: in l2 by two steps of
 * Newton and Schulz towards orthonormal rows, in l1 and linf by scaling or clipping rows to dual norm 1. The certificate is
 * computed afterwards from the weights (`networkFunctions`), so nothing depends on how well that worked.
 *
 * Maximised by Adam, 120 steps on at most 512 rows: Var f, or log E exp(s (f - Ef)) + log E exp(-s (f - Ef)).
 *
 * @param principal directions of largest variance: where the first rows start.
 */
export async function deviatingNetwork(
  deviation: Deviation,
  norm: Norm,
  training: Points,
  principal: Matrix,
  random: Rng,
  stop: Stop,
): Promise<SmallNetwork> {
  const { features } = training;
  const rows = Math.min(MOST_ROWS, training.rows);
  const x = training.data.subarray(0, rows * features);
  const optimiser = adam();
  const schedule = cosineRate(RATE, STEPS);
  const program = await compile(stepGraph(deviation, norm, optimiser, rows, features));
  let state = start(features, principal, random);
  try {
    for (let step = 1; step <= STEPS && !stop(); step++) {
      const scalars = optimiser.scalarsAt(step, schedule(step));
      const fed = Object.fromEntries(Object.entries(scalars).map(([name, t]) => [name, Float64Array.of(t)]));
      const exponent = Float64Array.of(exponentFor(x, features, principal));
      const found = await program.run({ x, exponent, ...fed, ...state });
      state = Object.fromEntries(Object.keys(state).map((name) => [name, found[`new ${name}`]!]));
    }
  } finally {
    await program.dispose();
  }
  const layer = (name: string, outputs: number, inputs: number) => ({
    weight: matrix(outputs, inputs, state[name] as Float64Array),
    bias: name === LAST ? new Float64Array(1) : (state[`${name} bias`] as Float64Array),
  });
  return {
    name: `network trained for ${deviation === 'variance' ? 'variance' : 'an exponential moment'}`,
    activation: 'sorted',
    layers: [layer(FIRST, WIDTH, features), layer(SECOND, WIDTH, WIDTH), layer(LAST, 1, WIDTH)],
  };
}

const [FIRST, SECOND, LAST] = ['first', 'second', 'last'] as const;

function shapesFor(features: number): Record<string, readonly number[]> {
  return {
    [FIRST]: [WIDTH, features],
    [`${FIRST} bias`]: [WIDTH],
    [SECOND]: [WIDTH, WIDTH],
    [`${SECOND} bias`]: [WIDTH],
    [LAST]: [1, WIDTH],
  };
}

function stepGraph(
  deviation: Deviation,
  norm: Norm,
  optimiser: Optimiser,
  rows: number,
  features: number,
): Graph {
  const shapes = shapesFor(features);
  const names = Object.keys(shapes);
  const of = (name: string, shape: readonly number[]) => input(name, 'float64', shape);
  const x = of('x', [rows, features]);
  const exponent = of('exponent', []);
  const scalars = Object.fromEntries(optimiser.scalars.map((name) => [name, of(name, [])]));
  const weights = Object.fromEntries(names.map((name) => [name, of(name, shapes[name]!)]));
  const one = sorted(linear(x, weights[FIRST]!, weights[`${FIRST} bias`]!));
  const two = sorted(linear(one, weights[SECOND]!, weights[`${SECOND} bias`]!));
  const f = gemm(two, weights[LAST]!, { transB: 1 });
  const centred = sub(f, reduceMean(f));
  const loss = neg(
    deviation === 'variance'
      ? reduceMean(square(centred))
      : add(log(reduceMean(exp(mul(centred, exponent)))), log(reduceMean(exp(mul(centred, neg(exponent)))))),
  );
  const gradients = gradient(
    loss,
    names.map((name) => weights[name]!),
  );
  const inputs = [x, exponent, ...Object.values(scalars)];
  const outputs: Record<string, Value> = {};
  names.forEach((name, i) => {
    const shape = shapes[name]!;
    const moments = Object.fromEntries(optimiser.moments.map((m) => [m, of(`${name}:${m}`, shape)]));
    const stepSize = mul(scalars.stepSize!, entryScale(name, norm, shape));
    const updated = optimiser.update(weights[name]!, gradients[i]!, moments, { ...scalars, stepSize });
    inputs.push(weights[name]!, ...Object.values(moments));
    outputs[`new ${name}`] = constrained(name, norm, updated.parameter);
    for (const m of optimiser.moments) outputs[`new ${name}:${m}`] = updated.moments[m]!;
  });
  return graph(inputs, outputs);
}

/** (max, min) of units j and j + h/2, as `SmallNetwork` has it. */
function sorted(z: Value): Value {
  const half = WIDTH / 2;
  const [a, b] = [slice(z, [1], [0], [half]), slice(z, [1], [half], [WIDTH])];
  return concat([maximum(a, b), minimum(a, b)], 1);
}

/** The size of an entry of a row of norm 1, in proportion to which it moves. */
function entryScale(name: string, norm: Norm, shape: readonly number[]): number {
  const inputs = shape[1];
  if (inputs === undefined) return 1;
  if (norm === 'l2') return 1 / Math.sqrt(inputs);
  return norm === 'l1' && name === FIRST ? 1 : 2 / inputs;
}

function constrained(name: string, norm: Norm, weight: Value): Value {
  if (weight.shape.length === 1) return weight;
  if (norm === 'l2')
    return weight.shape[0] === 1 ? div(weight, sqrt(reduceSum(square(weight)))) : polar(weight);
  if (norm === 'l1' && name === FIRST) return clip(weight, -1, 1);
  return div(weight, maximum(reduceSum(abs(weight), [1], true), 1e-12));
}

/** Two steps W <- (3 W - W W^T W) / 2, which bring singular values below sqrt 3 nearer to 1. */
function polar(weight: Value): Value {
  let w = weight;
  for (let step = 0; step < 2; step++) {
    const products = gemm(w, w, { transB: 1 });
    // A row sum bounds the largest eigenvalue of W W^T; where it is past 3 the step would diverge.
    const most = maximum(reduceMax(reduceSum(abs(products), [1])), 2);
    const scale = sqrt(div(2, most));
    w = mul(scale, sub(mul(w, 1.5), mul(mul(gemm(products, w), 0.5), square(scale))));
  }
  return w;
}

function start(features: number, principal: Matrix, random: Rng): Record<string, TensorData> {
  const scaled = (name: string, rows: number, columns: number) => {
    const size = 1 / (Math.sqrt(rows) + Math.sqrt(columns));
    return normal(random.split(name), rows * columns).map((t) => t * size);
  };
  const first = matrix(WIDTH, features, scaled(FIRST, WIDTH, features));
  for (let k = 0; k < Math.min(principal.rows, WIDTH / 2); k++) row(first, k).set(row(principal, k));
  const weights: Record<string, TensorData> = {
    [FIRST]: first.data,
    [`${FIRST} bias`]: new Float64Array(WIDTH),
    [SECOND]: scaled(SECOND, WIDTH, WIDTH),
    [`${SECOND} bias`]: new Float64Array(WIDTH),
    [LAST]: scaled(LAST, 1, WIDTH),
  };
  const moments = Object.entries(weights).flatMap(([name, { length }]) =>
    adam().moments.map((m): [string, TensorData] => [`${name}:${m}`, new Float64Array(length)]),
  );
  return { ...weights, ...Object.fromEntries(moments) };
}

function exponentFor(x: Float64Array, features: number, principal: Matrix): number {
  const rows = x.length / features;
  const top = row(principal, 0);
  let [squares, farthest] = [0, 0];
  for (let i = 0; i < rows; i++) {
    let [along, length] = [0, 0];
    for (let k = 0; k < features; k++) {
      along += x[i * features + k]! * top[k]!;
      length += x[i * features + k]! ** 2;
    }
    squares += along ** 2 / rows;
    farthest = Math.max(farthest, Math.sqrt(length));
  }
  return Math.min(EXPONENT / Math.sqrt(squares), MOST_EXPONENT / (2 * farthest));
}
