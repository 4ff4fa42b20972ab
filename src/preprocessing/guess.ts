// What preprocessing a model expects, read from its metadata and from the range and shape of the data; every guess is a
// warning that names the option which states it.
import type { InputBounds, Model, Shape } from '../graph/index.ts';
import { singleSample, sizeOf } from '../graph/index.ts';
import {
  arrange,
  channelAxis,
  hasChannelsFirst,
  imageOf,
  isFlat,
  type Layout,
  longAxes,
} from './arrangement.ts';
import { declaredInput, IMAGENET, looksLikeImagenet } from './declared.ts';
import type { Preprocessing } from './preprocessing.ts';

/** A guess with what a person should know about it; no warnings where nothing had to be guessed. */
export interface PreprocessingGuess {
  readonly preprocessing: Preprocessing;
  readonly warnings: readonly string[];
}

/**
 * The preprocessing that leads from a data set to a model.
 *
 * - Layout: from the shapes, where only one order fits; else as stored, with a warning.
 * - Range of the data: integers up to 255 are bytes (their largest is above 1, and a point has 16 values or more); values in
 *   [0, 1] are pixels in [0, 1]; anything else is unbounded unless the model says what its inputs are.
 * - Scale, mean and standard deviation: what brings the range of the data to the bounds that the model carries or that its
 *   metadata declare (`Image.NominalPixelRange`, keys that end in `mean` and `std`); without them bytes are divided by 255,
 *   and a model of colour images with 1000 outputs is taken for one of ImageNet.
 *
 * Warnings name the options of `robustlaw audit`, whose --range speaks of the data after --scale. Whether the accuracy that
 * follows is sensible is not looked at.
 *
 * @param metadata of the ONNX file: `readModel(path).metadata`.
 * @throws RobustlawError `unsupported-op` unless the model has one input and one output of floating-point numbers.
 */
export function guessPreprocessing(
  model: Model,
  dataset: { readonly x: ArrayLike<number>; readonly shape: readonly number[] },
  metadata: Readonly<Record<string, string>> = {},
): PreprocessingGuess {
  const one = singleSample(model);
  const taken = one.inputs[0]!.shape.slice(1);
  const point = dataset.shape.slice(1);
  const warnings: string[] = [];
  const layout = guessLayout(point, taken, warnings);
  const values = describeValues(dataset.x, sizeOf(point));
  const declared = declaredInput(metadata, warnings);
  const arrangement = arrange(point, taken, layout);
  const fits = (statistic: readonly number[] | undefined) =>
    statistic !== undefined &&
    (statistic.length === 1 ||
      (arrangement !== undefined && channelAxis(arrangement, layout, statistic.length) !== undefined));
  const normalised = fits(declared.mean) && fits(declared.std);
  if (!normalised && (declared.mean || declared.std)) {
    warnings.push(
      `the metadata of the model declare a mean (${declared.mean ?? 'none'}) and a standard deviation (${declared.std ?? 'none'}) that do not fit its channels, and they are not applied; state --mean and --std`,
    );
  }
  const bounds = Object.values(model.bounds)[0] ?? declared.range;
  const outputs = sizeOf(Object.values(one.outputs)[0]!.shape);
  const steps = normalised
    ? normalisedAs(declared.mean!, declared.std!, 'the metadata of the model declare', values, warnings)
    : bounds && !within(values, bounds) && values.kind !== 'numbers'
      ? towards(bounds, values, warnings)
      : bounds
        ? asBounded(bounds, values, warnings)
        : looksLikeImagenet(taken, outputs)
          ? normalisedAs(
              IMAGENET.mean,
              IMAGENET.std,
              'a model of colour images with 1000 outputs is taken for one of ImageNet, as torchvision normalises them:',
              values,
              warnings,
            )
          : withoutDeclaration(values, point, warnings);
  return { preprocessing: { ...steps, layout }, warnings };
}

type Steps = Omit<Preprocessing, 'layout'>;

/** What the values of a data set look like. */
interface Values {
  readonly kind: 'bytes' | 'unit' | 'numbers';
  readonly low: number;
  readonly high: number;
}

/** The range of each kind of values, the factor that brings it to [0, 1], and its name for people. */
const PIXELS = {
  bytes: { range: [0, 255], toUnit: 1 / 255, named: 'integers from 0 to 255' },
  unit: { range: [0, 1], toUnit: 1, named: 'numbers in [0, 1]' },
} as const;

/** Fewer features than this are a table, in which small integers are counts and no pixels. */
const FEWEST_PIXELS = 16;

function describeValues(x: ArrayLike<number>, features: number): Values {
  let [low, high, integers] = [Infinity, -Infinity, true];
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    low = Math.min(low, value);
    high = Math.max(high, value);
    integers &&= Number.isInteger(value);
  }
  const pixels = low >= 0 && features >= FEWEST_PIXELS;
  const kind =
    pixels && integers && high > 1 && high <= 255 ? 'bytes' : pixels && high <= 1 ? 'unit' : 'numbers';
  return { kind, low, high };
}

function guessLayout(point: Shape, taken: Shape, warnings: string[]): Layout {
  const image = imageOf(taken);
  const preferred: Layout =
    image === undefined || isFlat(taken) ? 'flat' : hasChannelsFirst(image) ? 'nchw' : 'nhwc';
  const order: readonly Layout[] =
    preferred === 'nhwc' ? ['nhwc', 'nchw', 'flat'] : [preferred, 'nchw', 'nhwc', 'flat'];
  const layout = order.find((candidate) => arrange(point, taken, candidate)) ?? preferred;
  const colours = (shape: Shape) => longAxes(shape).length === 3;
  const stated = `state the order with --layout ${layout}`;
  if (isFlat(taken) && colours(point)) {
    warnings.push(
      `the model takes ${sizeOf(taken)} values in a row: they are given in the order of the data, [${point.join(', ')}]; ${stated} (or nchw, nhwc)`,
    );
  } else if (isFlat(point) && colours(taken)) {
    warnings.push(
      `the data have ${sizeOf(point)} values in a row: they are taken to be in the order of the model, [${taken.join(', ')}]; ${stated}`,
    );
  } else if (arrange(point, taken, layout)?.order) {
    warnings.push(
      `the axes of the data, [${point.join(', ')}], are put in the order of the model, [${taken.join(', ')}]; ${stated}`,
    );
  }
  return layout;
}

/** Rounding errors of a stored 0 or 1 do not leave the bounds. */
const TOLERANCE = 1e-6;

/** Whether the data are what the bounds speak about: inside, and pixels only where the bounds are those of these pixels. */
function within({ kind, low, high }: Values, [least, most]: InputBounds): boolean {
  if (kind !== 'numbers') {
    const [from, to] = PIXELS[kind].range;
    return from === least && to === most;
  }
  const slack = TOLERANCE * (most - least);
  return low >= least - slack && high <= most + slack;
}

/** Pixels mapped onto the bounds that the model declares: low + (high - low) u for u in [0, 1]. */
function towards([low, high]: InputBounds, values: Values, warnings: string[]): Steps {
  const { range, toUnit, named } = PIXELS[values.kind as keyof typeof PIXELS];
  const width = high - low;
  if (low === 0) {
    const scale = toUnit * width;
    warnings.push(
      `the data are ${named} and the model takes inputs in [0, ${high}]: they are multiplied by ${fraction(scale)}; state it with ${scaling(scale, range)}`,
    );
    return { scale, range };
  }
  const [mean, std] = [-low / width, 1 / width];
  warnings.push(
    `the data are ${named} and the model takes inputs in [${low}, ${high}]: that is read as a normalisation by mean ${mean} and standard deviation ${std}; state it with ${scaling(toUnit, range)} --mean ${mean} --std ${std}`,
  );
  return { scale: toUnit, mean: [mean], std: [std], range };
}

/** Data that are in the bounds as they are, or no pixels. */
function asBounded(bounds: InputBounds, values: Values, warnings: string[]): Steps {
  if (within(values, bounds)) return { scale: 1, range: bounds };
  warnings.push(
    `the data lie in [${values.low}, ${values.high}], outside of the bounds [${bounds}] of the model's input; if the model wants them scaled, say so with --scale, --mean, --std, and state the range of the data with --range`,
  );
  return { scale: 1, range: [-Infinity, Infinity] };
}

function normalisedAs(
  mean: readonly number[],
  std: readonly number[],
  reason: string,
  values: Values,
  warnings: string[],
): Steps {
  const stated = `--mean ${mean.join(',')} --std ${std.join(',')}`;
  if (values.kind === 'numbers') {
    warnings.push(
      `${reason} mean ${mean.join(', ')} and standard deviation ${std.join(', ')}, but the data, in [${values.low}, ${values.high}], are no pixels: they are taken to be normalised already; if they are not, say ${stated}, with --scale and --range`,
    );
    return { scale: 1, range: [-Infinity, Infinity] };
  }
  const { range, toUnit, named } = PIXELS[values.kind];
  const division = toUnit === 1 ? '' : `, divided by ${1 / toUnit}`;
  warnings.push(
    `${reason} mean ${mean.join(', ')} and standard deviation ${std.join(', ')}; the data are ${named}${division}; state it with ${scaling(toUnit, range)} ${stated}`,
  );
  return { scale: toUnit, mean, std, range };
}

/** Nothing is known of the model: only the data speak. */
function withoutDeclaration(values: Values, point: Shape, warnings: string[]): Steps {
  if (values.kind === 'numbers') {
    warnings.push(
      `the data lie in [${values.low}, ${values.high}] and are given to the model as they are; no bounds of valid inputs are known: state them with --range LOW,HIGH if there are any`,
    );
    return { scale: 1, range: [-Infinity, Infinity] };
  }
  const { range, toUnit, named } = PIXELS[values.kind];
  const pixels = isFlat(point) ? 'values' : 'pixels';
  if (values.kind === 'bytes' && values.high < 128) {
    warnings.push(
      `the largest of the ${pixels} is ${values.high}: if they go from 0 to ${values.high}, say ${scaling(1 / values.high, [0, values.high])}`,
    );
  }
  warnings.push(
    toUnit === 1
      ? `the ${pixels} are ${named} and are given to the model as they are; state it with ${scaling(1, range)}`
      : `the ${pixels} are ${named} and are divided by ${1 / toUnit}; state it with ${scaling(toUnit, range)}, or ${scaling(1, range)} if the model takes them as they are`,
    'no mean and standard deviation are applied; if the model was trained on normalised data, and does not normalise itself, give them with --mean and --std',
  );
  return { scale: toUnit, range };
}

/** The options that state a scale and the range of the data once scaled: `--scale 1/255 --range 0,1`. */
function scaling(scale: number, range: InputBounds): string {
  return `--scale ${fraction(scale)} --range ${range.map((end) => Number((end * scale).toPrecision(12))).join(',')}`;
}

/** `1/255` rather than 0.00392156862745098. */
function fraction(scale: number): string {
  const divisor = Math.round(1 / scale);
  return scale < 1 && 1 / divisor === scale ? `1/${divisor}` : String(scale);
}
