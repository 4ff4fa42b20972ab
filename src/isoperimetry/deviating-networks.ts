// Networks trained on the training half to deviate from their mean as much as a Lipschitz constant of about 1 allows.

import {
  abs,
  add,
  cast,
  div,
  equal,
  exp,
  type Graph,
  gemm,
  gradient,
  graph,
  input,
  linear,
  log,
  maximum,
  mul,
  neg,
  reduceMax,
  reduceMean,
  reduceSum,
  sign,
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
import { cosineRate } from '../training/index.ts';
import type { Points } from './family.ts';
import { type SmallNetwork, sortedPairs } from './network.ts';
import { normOf } from './norms.ts';

/** Units of each of the two hidden layers. */
const WIDTH = 16;
const STEPS = 60;
const MOST_ROWS = 512;
/** Share of the best matrix in the first step. */
const RATE = 0.3;
/** Steps of Newton and Schulz towards orthonormal rows. */
const POLAR_STEPS = 8;
/** For exp(lambda (f - mean)): lambda in units of 1 / the largest standard deviation of a linear function. */
const EXPONENT = 2;
/** Exponents that float64 bears. */
const MOST_EXPONENT = 300;
/** Keeps quotients finite where a gradient vanishes. */
const TINY = 1e-300;

/** What a network is trained to make large. */
export type Deviation = 'variance' | 'exponential moment';

/**
 * A network of two hidden layers with sorted pairs, every matrix drawn into the ball of norm 1 of `networkConstant`: Frank and
 * Wolfe's method, in which each step mixes the matrix with the one of norm 1 along which the objective grows fastest. In l2 that is
 * the polar factor of the gradient, in l1 and linf it is found row by row. Nothing depends on how well that works: the certificate is
 * computed from the weights.
 *
 * Made large on at most 512 rows in 60 steps: Var f, or log E exp(s (f - Ef)) + log E exp(-s (f - Ef)).
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
  const { deviation: unit, farthest } = reach(norm, x, features, principal);
  const fixed = {
    x,
    unit: Float64Array.of(unit),
    squared: Float64Array.of(deviation === 'variance' ? 1 : 0),
    exponent: Float64Array.of(Math.min(EXPONENT / unit, MOST_EXPONENT / (2 * farthest))),
  };
  const schedule = cosineRate(RATE, STEPS);
  const program = await compile(stepGraph(norm, rows, features));
  let weights = start(features, principal, random);
  try {
    for (let step = 1; step <= STEPS && !stop(); step++) {
      const found = await program.run({ ...fixed, share: Float64Array.of(schedule(step)), ...weights });
      weights = Object.fromEntries(Object.keys(weights).map((name) => [name, found[`new ${name}`]!]));
    }
  } finally {
    await program.dispose();
  }
  const layer = (name: string, outputs: number, inputs: number) => ({
    weight: matrix(outputs, inputs, weights[name] as Float64Array),
    bias: name === LAST ? new Float64Array(1) : (weights[`${name} bias`] as Float64Array),
  });
  return {
    name: `network trained for ${deviation === 'variance' ? 'variance' : 'an exponential moment'}`,
    activation: 'sorted',
    layers: [layer(FIRST, WIDTH, features), layer(SECOND, WIDTH, WIDTH), layer(LAST, 1, WIDTH)],
  };
}

const [FIRST, SECOND, LAST] = ['first', 'second', 'last'] as const;

function stepGraph(norm: Norm, rows: number, features: number): Graph {
  const shapes: Record<string, readonly number[]> = {
    [FIRST]: [WIDTH, features],
    [`${FIRST} bias`]: [WIDTH],
    [SECOND]: [WIDTH, WIDTH],
    [`${SECOND} bias`]: [WIDTH],
    [LAST]: [1, WIDTH],
  };
  const names = Object.keys(shapes);
  const of = (name: string, shape: readonly number[]) => input(name, 'float64', shape);
  const x = of('x', [rows, features]);
  const exponent = of('exponent', []);
  const unit = of('unit', []);
  const share = of('share', []);
  // 1 for the variance, 0 for the exponential moment: one graph serves both.
  const squared = of('squared', []);
  const weights = Object.fromEntries(names.map((name) => [name, of(name, shapes[name]!)]));
  const one = sortedPairs(linear(x, weights[FIRST]!, weights[`${FIRST} bias`]!));
  const two = sortedPairs(linear(one, weights[SECOND]!, weights[`${SECOND} bias`]!));
  const f = gemm(two, weights[LAST]!, { transB: 1 });
  const centred = sub(f, reduceMean(f));
  const moments = add(
    log(reduceMean(exp(mul(centred, exponent)))),
    log(reduceMean(exp(mul(centred, neg(exponent))))),
  );
  const variance = reduceMean(square(div(centred, unit)));
  const objective = add(mul(squared, variance), mul(sub(1, squared), moments));
  const gradients = gradient(
    objective,
    names.map((name) => weights[name]!),
  );
  const outputs = names.map((name, i): [string, Value] => {
    const [weight, slope] = [weights[name]!, gradients[i]!];
    const bias = weight.shape.length === 1;
    const best = bias
      ? mul(unit, div(slope, maximum(reduceMax(abs(slope)), TINY)))
      : steepest(norm, name === FIRST, slope);
    return [`new ${name}`, bias ? add(weight, mul(share, best)) : add(weight, mul(share, sub(best, weight)))];
  });
  return graph([x, exponent, unit, share, squared, ...Object.values(weights)], Object.fromEntries(outputs));
}

/** The matrix W of operator norm at most 1 with the largest sum of W_ij G_ij, nearly. */
function steepest(norm: Norm, first: boolean, slope: Value): Value {
  if (norm === 'l2') return polar(slope);
  if (norm === 'l1' && first) return sign(slope);
  // Rows of |w|_1 <= 1: the entry of largest slope, or the mean of those that tie.
  const sizes = abs(slope);
  const attains = cast(equal(sizes, reduceMax(sizes, [1], true)), 'float64');
  return mul(sign(slope), div(attains, reduceSum(attains, [1], true)));
}

/** U V^T for G = U S V^T by W <- (3 W - W W^T W) / 2, which keeps singular values in [0, 1] and brings them towards 1. */
function polar(slope: Value): Value {
  const largest = maximum(reduceMax(abs(slope)), TINY);
  const even = div(slope, largest);
  let w = div(even, maximum(sqrt(reduceSum(square(even))), TINY));
  for (let step = 0; step < POLAR_STEPS; step++) {
    w = sub(mul(w, 1.5), mul(gemm(gemm(w, w, { transB: 1 }), w), 0.5));
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
  return {
    [FIRST]: first.data,
    [`${FIRST} bias`]: new Float64Array(WIDTH),
    [SECOND]: scaled(SECOND, WIDTH, WIDTH),
    [`${SECOND} bias`]: new Float64Array(WIDTH),
    [LAST]: scaled(LAST, 1, WIDTH),
  };
}

/** The standard deviation along the first principal direction, and the largest distance from the mean. */
function reach(
  norm: Norm,
  x: Float64Array,
  features: number,
  principal: Matrix,
): { readonly deviation: number; readonly farthest: number } {
  const rows = x.length / features;
  const top = row(principal, 0);
  let [squares, farthest] = [0, 0];
  for (let i = 0; i < rows; i++) {
    let along = 0;
    for (let k = 0; k < features; k++) along += x[i * features + k]! * top[k]!;
    squares += along ** 2 / rows;
    farthest = Math.max(
      farthest,
      normOf('l2', x, i * features, features),
      normOf(norm, x, i * features, features),
    );
  }
  return { deviation: Math.sqrt(squares), farthest };
}
