// Gradient-norm ascent: moves points uphill in |J^T u| by the engine's second derivatives. The gradient norm of a piecewise
// linear network is piecewise constant; that of its smoothed copy has a gradient.
import type { Graph, Node, Value } from '../../graph/index.ts';
import {
  abs,
  add,
  allocate,
  div,
  gradient,
  graph,
  innerProduct,
  input,
  inputsOf,
  mul,
  nameOf,
  rebuild,
  reduceMax,
  reduceMean,
  reduceSum,
  reshape,
  sizeOf,
  sqrt,
  square,
  sub,
  vjp,
} from '../../graph/index.ts';
import type { Norm } from '../../guarantee/index.ts';
import { activationOf } from '../../intervals/index.ts';
import { compile, type Program } from '../../runtime/index.ts';
import type { Stop } from '../../stop.ts';
import { dual, length, steepest } from '../norms.ts';
import type { Candidate } from './candidates.ts';
import type { Oracle } from './oracle.ts';
import { project, type Region } from './region.ts';

/** Points that are moved at once. */
const MOST_ROWS = 32;
const SMOOTHED_STEPS = 80;
/** Width of the smoothing, as a fraction of the typical input of a layer, and length of a step, as one of the point. */
const FIRST = { width: 1, step: 0.3 };
const LAST = { width: 0.02, step: 0.005 };
/** Steps on the function itself; each is halved until it leads upwards. */
const STEPS = 60;
const FIRST_STEP = 0.1;
const LEAST_STEP = 1e-7;

/** A point, and an output direction in which it may be steep. */
export type Moved = Pick<Candidate, 'point' | 'u'>;

/** Moves candidates to where the function is steeper, as well as it can. */
export interface Uphill {
  /** Points that are likely to be steep, one for each candidate; nothing is promised about them. None for a smooth function. */
  smoothed(candidates: readonly Candidate[]): Promise<Moved[]>;
  /** Points at least as steep in the candidates' own output directions. None for a piecewise linear function. */
  climbed(candidates: readonly Candidate[]): Promise<Moved[]>;
  dispose(): Promise<void>;
}

/**
 * The ascent of the dual norm of J(x)^T u over points x of the region and unit directions u, both in turn, where f is smooth
 * (`climbed`: for each u with step sizes that always lead upwards), and on smoothed copies f_w of networks with piecewise linear
 * activations (`smoothed`: relu(z) becomes (z + sqrt(z^2 + (w s)^2)) / 2, s^2 the mean of z^2 over the layer, while w falls
 * from 1 to 0.02).
 *
 * @param scale the length of typical inputs, or of the region. @param stop asked before every step.
 */
export async function createUphill(
  oracle: Oracle,
  region: Region,
  scale: number,
  norm: Norm,
  stop: Stop,
): Promise<Uphill> {
  const { features, outputs } = oracle;
  const rows = Math.min(oracle.batch, MOST_ROWS);
  const g = oracle.graphFor(rows);
  const [y] = Object.values(g.outputs) as [Value];
  const [x] = g.inputs as [Value];
  const width = input(':smoothing width', x.dtype, []);
  const copy = smoothCopy(y, width);
  const soft = copy && secondDerivatives(x, copy, rows, norm, [width]);
  const exact = secondDerivatives(x, y, rows, norm, []);
  const programs = { soft: soft && (await compile(soft)), exact: exact && (await compile(exact)) };
  const strideOf = (point: Float64Array) =>
    region.kind === 'global' ? Math.max(length(point, 'l2'), scale) : scale;
  const moved = (point: Float64Array, direction: Float64Array, step: number) => {
    const size = length(direction, 'l2');
    if (!(size > 0 && Number.isFinite(size))) return point;
    const factor = (step * strideOf(point)) / size;
    return project(
      region,
      point.map((p, j) => p + factor * direction[j]!),
    );
  };

  return {
    smoothed: (candidates) =>
      inChunks(programs.soft, rows, candidates, async (program, chunk) => {
        let states: readonly Moved[] = chunk;
        for (let step = 0; step < SMOOTHED_STEPS && !stop(); step++) {
          const progress = step / (SMOOTHED_STEPS - 1);
          const fallen = (first: number, last: number) => first * (last / first) ** progress;
          const softness = { [nameOf(width)!]: [fallen(FIRST.width, LAST.width)] };
          const views = await look(program, x, rows, oracle, states, softness);
          states = states.map(({ point }, i) => ({
            point: moved(point, views[i]!.uphill, fallen(FIRST.step, LAST.step)),
            u: outputs === 1 ? states[i]!.u : steepest(views[i]!.image, dual(norm)),
          }));
        }
        return states;
      }),
    climbed: (candidates) =>
      inChunks(programs.exact, rows, candidates, async (program, chunk) => {
        let best = chunk.map(({ point, u, stretch }) => ({
          point,
          u,
          stretch,
          uphill: new Float64Array(features) as Float64Array,
          step: FIRST_STEP,
        }));
        let trials: readonly Moved[] = best;
        for (let step = 0; step <= STEPS && !stop(); step++) {
          const views = await look(program, x, rows, oracle, trials, {});
          best = best.map((state, i) => {
            const { slope, uphill } = views[i]!;
            const stretch = length(slope, dual(norm));
            // The first look is at the start itself.
            if (step === 0) return { ...state, uphill };
            if (!(stretch > state.stretch)) return { ...state, step: state.step / 4 };
            const { point, u } = trials[i]!;
            return { point, u, stretch, uphill, step: 2 * state.step };
          });
          if (best.every((state) => state.step < LEAST_STEP)) break;
          trials = best.map((state) => ({ ...state, point: moved(state.point, state.uphill, state.step) }));
        }
        return best;
      }),
    async dispose() {
      await programs.soft?.dispose();
      await programs.exact?.dispose();
    },
  };
}

/**
 * J^T u, the gradient of its dual norm by x, and J v for the v of the ascent (up to a factor), as a graph; undefined where
 * that gradient vanishes identically, as it does for piecewise linear functions.
 */
function secondDerivatives(
  x: Value,
  y: Value,
  rows: number,
  norm: Norm,
  more: readonly Value[],
): Graph | undefined {
  const u = input(U, y.dtype, y.shape);
  const [slope] = vjp([y], [u], [x]) as [Value];
  const height = dualNorms(slope, rows, norm);
  const [uphill] = gradient(height, [x]) as [Value];
  if (inputsOf([uphill]).length === 0) return undefined;
  // The derivative of the dual norm by J^T u is the v that attains it.
  const [v] = gradient(height, [slope]) as [Value];
  const [image] = vjp([slope], [v], [u]) as [Value];
  return graph([x, u, ...more], { [SLOPE]: slope, [UPHILL]: uphill, [IMAGE]: image });
}

/** The sum over the rows of the dual norm, or of its square in l2. */
function dualNorms(slope: Value, rows: number, norm: Norm): Value {
  switch (norm) {
    case 'l1':
      return reduceSum(reduceMax(reshape(abs(slope), [rows, sizeOf(slope.shape) / rows]), [1], false));
    case 'l2':
      return innerProduct(slope, slope);
    case 'linf':
      return reduceSum(abs(slope));
  }
}

// A colon keeps these apart from the names of the model.
const U = ':cotangent';
const SLOPE = ':slope';
const UPHILL = ':uphill';
const IMAGE = ':image';

interface View {
  readonly slope: Float64Array;
  readonly uphill: Float64Array;
  readonly image: Float64Array;
}

/** One execution for at most as many states as there are rows; the rows past them repeat the last. */
async function look(
  program: Program,
  x: Value,
  rows: number,
  { features, outputs }: Oracle,
  states: readonly Moved[],
  more: Readonly<Record<string, ArrayLike<number>>>,
): Promise<View[]> {
  const array = (size: number) => allocate(x.dtype, size) as Float64Array;
  const feeds = { x: array(rows * features), u: array(rows * outputs) };
  for (let i = 0; i < rows; i++) {
    const { point, u } = states[Math.min(i, states.length - 1)]!;
    feeds.x.set(point, i * features);
    feeds.u.set(u, i * outputs);
  }
  const extra = Object.entries(more).map(([name, values]) => {
    const fed = array(values.length);
    fed.set(values);
    return [name, fed] as const;
  });
  const found = await program.run({
    [nameOf(x)!]: feeds.x,
    [U]: feeds.u,
    ...Object.fromEntries(extra),
  });
  const rowOf = (values: unknown, i: number, width: number) =>
    Float64Array.from((values as Float64Array).subarray(i * width, (i + 1) * width));
  return states.map((_, i) => ({
    slope: rowOf(found[SLOPE], i, features),
    uphill: rowOf(found[UPHILL], i, features),
    image: rowOf(found[IMAGE], i, outputs),
  }));
}

async function inChunks(
  program: Program | undefined,
  rows: number,
  candidates: readonly Candidate[],
  move: (program: Program, chunk: readonly Candidate[]) => Promise<readonly Moved[]>,
): Promise<Moved[]> {
  if (!program) return [];
  const points: Moved[] = [];
  for (let from = 0; from < candidates.length; from += rows)
    points.push(...(await move(program, candidates.slice(from, from + rows))));
  return points;
}

/** The value with every piecewise linear activation smoothed; undefined without one. */
function smoothCopy(y: Value, width: Value): Value | undefined {
  let smoothed = 0;
  const [copy] = rebuild([y], (node, inputs) => {
    const soft = smoothNode(node, inputs, width);
    if (soft) smoothed++;
    return soft && [soft];
  });
  return smoothed > 0 ? copy : undefined;
}

/** h(z) = h(b_1) + s_0 (z - b_1) + sum_k (s_k - s_{k-1}) relu(z - b_k) with each relu smoothed; max(a, b) = b + relu(a - b). */
function smoothNode(node: Node, inputs: readonly (Value | undefined)[], width: Value): Value | undefined {
  if (node.op.name === 'Max' && inputs.length === 2) {
    const [a, b] = inputs as [Value, Value];
    return add(b, smoothRelu(sub(a, b), width));
  }
  const activation = activationOf(node);
  if (!activation?.pieces) return undefined;
  const { breakpoints, slopes } = activation.pieces;
  const kinks = breakpoints.flatMap((at, k) => (Number.isFinite(at) ? [{ at, k }] : []));
  const [lowest] = kinks;
  if (!lowest) return undefined;
  const [z] = inputs as [Value];
  const left = slopes[lowest.k]!;
  return kinks.reduce(
    (sum, { at, k }) => add(sum, mul(smoothRelu(sub(z, at), width), slopes[k + 1]! - slopes[k]!)),
    add(mul(z, left), activation.value(lowest.at) - left * lowest.at),
  );
}

function smoothRelu(z: Value, width: Value): Value {
  const axes = z.shape.map((_, i) => i).slice(1);
  const squares = square(z);
  const typical = add(
    axes.length > 0 ? reduceMean(squares, axes, true) : squares,
    z.dtype === 'float64' ? 1e-300 : 1e-30,
  );
  return div(add(z, sqrt(add(squares, mul(square(width), typical)))), 2);
}
