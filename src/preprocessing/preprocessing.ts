// Preprocessing as part of the model: what is done to the data before a network sees them becomes the first nodes of its
// graph, so that attacks, certificates and Lipschitz constants speak about the data as they are.
import { invalidArgument, RobustlawError, requirePositive } from '../errors.ts';
import {
  call,
  constant,
  div,
  type FloatType,
  graph,
  type InputBounds,
  input,
  type Model,
  mul,
  nameOf,
  reshape,
  type Shape,
  sameShape,
  singleSample,
  sizeOf,
  sub,
  tensor,
  transpose,
  type Value,
} from '../graph/index.ts';
import {
  type Arrangement,
  arrange,
  channelAxis,
  imageOf,
  isFlat,
  LAYOUTS,
  type Layout,
  longAxes,
} from './arrangement.ts';

/** The network sees (scale * x - mean) / std, in its own layout. */
export interface Preprocessing {
  /** What the values of the data are multiplied with: 1/255 brings bytes to [0, 1]. Finite, not 0. */
  readonly scale: number;
  /** Subtracted after scaling: one number, or one per channel; defaults to 0. */
  readonly mean?: readonly number[];
  /** Divided by after that: one number > 0, or one per channel; defaults to 1. */
  readonly std?: readonly number[];
  /** The order in which the network takes the values of a point. */
  readonly layout: Layout;
  /** The interval in which the values of the data lie; [-Infinity, Infinity] where they may be anything. */
  readonly range: InputBounds;
}

/**
 * The model that takes points as the data set has them: f(x) = network(arranged((scale x - mean) / std)).
 *
 * Parameters and P are those of the network; a finite range becomes the bounds of the input. The arithmetic is that of
 * torchvision in the element type of the network: a scale 1/k is a division by k, then mean and std in this order.
 *
 * @param dataShape `[n, ...features]`, the shape of the data set; n is not looked at.
 * @throws RobustlawError `invalid-argument` for a scale, mean, std or range that makes no sense, `shape-mismatch` where points
 *   of the data cannot be arranged for the network or mean and std fit no axis, `unsupported-op` unless the network has one
 *   input and one output of floating-point numbers.
 */
export function withPreprocessing(
  model: Model,
  preprocessing: Preprocessing,
  dataShape: readonly number[],
): Model {
  requireSense(preprocessing);
  const formal = singleSample(model).inputs[0]!;
  const name = nameOf(formal)!;
  const dtype = formal.dtype as FloatType;
  const point = dataShape.slice(1);
  const taken = formal.shape.slice(1);
  const arrangement = arrange(point, taken, preprocessing.layout);
  if (arrangement === undefined) throw unfit(model, point, taken, preprocessing.layout);
  const steps = normalisation(preprocessing, arrangement, dtype, model, point);
  const notes = notesOn(preprocessing, arrangement, point);
  const [port] = model.inputs;
  const { range } = preprocessing;
  return {
    ...model,
    inputs: [{ ...port!, shape: [port!.shape[0]!, ...point] }],
    bounds: range.every(Number.isFinite) ? { [name]: range } : {},
    notes: [...model.notes, ...notes],
    forBatch(batch) {
      const network = model.forBatch(batch);
      const rows = network.inputs[0]!.shape[0]!;
      const x = input(name, dtype, [rows, ...point]);
      const stored = reshape(x, [rows, ...arrangement.stored]);
      const order = arrangement.order;
      const ordered = order ? transpose(stored, [0, ...order.map((axis) => axis + 1)]) : stored;
      const prepared = reshape(steps(ordered), [rows, ...arrangement.shape]);
      return graph([x], call(network, { [name]: prepared }));
    },
  };
}

function requireSense({ scale, mean = [0], std = [1], layout, range }: Preprocessing): void {
  if (!(Number.isFinite(scale) && scale !== 0))
    throw invalidArgument('scale', scale, 'a finite number other than 0, such as 1/255 for bytes');
  if (mean.length === 0) throw invalidArgument('mean', '[]', 'one number, or one per channel');
  if (std.length === 0) throw invalidArgument('std', '[]', 'one number, or one per channel');
  const bad = mean.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw invalidArgument('mean', bad, 'finite numbers');
  for (const value of std) requirePositive('std', value);
  if (!LAYOUTS.includes(layout)) throw invalidArgument('layout', layout, LAYOUTS.join(', '));
  if (!(range[0] < range[1])) throw invalidArgument('range', `[${range}]`, 'low < high');
}

/** Scaling and normalisation of an ordered point with its batch axis; steps that change nothing are left out. */
function normalisation(
  { scale, mean = [0], std = [1], layout }: Preprocessing,
  arrangement: Arrangement,
  dtype: FloatType,
  model: Model,
  point: Shape,
): (x: Value) => Value {
  const along = (what: string, values: readonly number[]): Value => {
    if (values.length === 1) return constant(tensor(dtype, [], values));
    const axis = channelAxis(arrangement, layout, values.length);
    if (axis === undefined) {
      throw new RobustlawError(
        'shape-mismatch',
        `${what} has ${values.length} numbers, but points of shape [${point}] become [${arrangement.ordered}] (${layout}) for the model "${model.name}", which has no channel axis of that length; give one number, or one per channel`,
      );
    }
    const shape = arrangement.ordered.map((_, i) => (i === axis ? values.length : 1));
    return constant(tensor(dtype, shape, values));
  };
  const steps: ((x: Value) => Value)[] = [];
  const divisor = divisorOf(scale);
  if (divisor !== undefined && divisor !== 1) steps.push((x) => div(x, divisor));
  else if (scale !== 1) steps.push((x) => mul(x, scale));
  if (mean.some((value) => value !== 0)) {
    const subtracted = along('mean', mean);
    steps.push((x) => sub(x, subtracted));
  }
  if (std.some((value) => value !== 1)) {
    const divided = along('std', std);
    steps.push((x) => div(x, divided));
  }
  return (x) => steps.reduce((value, step) => step(value), x);
}

/** k where the scale is 1/k for an integer k that float32 holds exactly. */
function divisorOf(scale: number): number | undefined {
  const divisor = Math.round(1 / scale);
  return 1 / divisor === scale && Math.abs(divisor) <= 2 ** 24 ? divisor : undefined;
}

function notesOn(
  { scale, mean = [0], std = [1], layout, range }: Preprocessing,
  { order, shape }: Arrangement,
  point: Shape,
): string[] {
  const divisor = divisorOf(scale);
  const done = [
    ...(order ? [`axes put in the order ${layout}`] : []),
    ...(scale === 1 ? [] : [divisor === undefined ? `multiplied by ${scale}` : `divided by ${divisor}`]),
    ...(mean.every((value) => value === 0) ? [] : [`minus the mean ${mean.join(', ')}`]),
    ...(std.every((value) => value === 1) ? [] : [`divided by the standard deviation ${std.join(', ')}`]),
    ...(sameShape(point, shape) || order ? [] : [`reshaped to [${shape.join(', ')}]`]),
  ];
  const within = range.every(Number.isFinite) ? ` in [${range.join(', ')}]` : '';
  const inputs = `inputs are points of the data, [${point.join(', ')}]${within}`;
  return [done.length === 0 ? `${inputs}, as the network takes them` : `${inputs}: ${done.join(', ')}`];
}

function unfit(model: Model, point: Shape, taken: Shape, layout: Layout): RobustlawError {
  return new RobustlawError(
    'shape-mismatch',
    `the data have points of shape [${point.join(', ')}], the model "${model.name}" takes [${taken.join(', ')}], and the layout ${layout} does not lead from one to the other; ${advice(point, taken)}`,
  );
}

/** What would make the shapes fit. */
function advice(point: Shape, taken: Shape): string {
  const fitting = LAYOUTS.filter((layout) => arrange(point, taken, layout));
  if (fitting.length > 0) return `${fitting.map((layout) => `--layout ${layout}`).join(' or ')} would`;
  if (sizeOf(point) === sizeOf(taken))
    return 'they have as many values, but in an order that is not known: store the data in the shape that the model takes';
  const [image, wanted] = [imageOf(point), imageOf(taken)];
  if (image && wanted && !isFlat(point)) {
    const [have, want] = [sidesOf(image), sidesOf(wanted)];
    if (have.channels === want.channels)
      return `--resize ${want.width}x${want.height} would, for images that are read from files`;
    const colour = want.channels === 1 ? '--color gray' : want.channels === 3 ? '--color rgb' : undefined;
    if (
      colour !== undefined &&
      sameShape(longAxes([have.height, have.width]), longAxes([want.height, want.width]))
    )
      return `${colour} would, for images that are read from files`;
    if (colour !== undefined)
      return `${colour} with --resize ${want.width}x${want.height} would, for images that are read from files`;
  }
  return `the data have ${sizeOf(point)} values per point, the model takes ${sizeOf(taken)}: is this the data set that the model was trained on?`;
}

function sidesOf(image: Shape): { channels: number; height: number; width: number } {
  const [a, b, c] = image as [number, number, number];
  return a <= 4 || c > 4 ? { channels: a, height: b, width: c } : { channels: c, height: a, width: b };
}
