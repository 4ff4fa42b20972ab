// Whether the data are what the model takes: the range of the inputs, and the normalisation that was perhaps forgotten.
import type { InputBounds } from '../../graph/index.ts';
import { percent } from '../../words/index.ts';
import { channelOf, type ImageShape } from '../square/index.ts';
import { argmax, type LabelRows } from '../task.ts';
import type { Victim } from '../victim.ts';
import { accuracyOf, atChance, clearlyBetter } from './chance.ts';
import type { Finding } from './finding.ts';

/** Of the width of the bounds: rounding of a normalisation in float32 stays below. */
const TOLERANCE = 1e-5;
/** The share of the bounds' width below which the data have most likely another unit: 1 of 255 is far below. */
const OTHER_UNIT = 1 / 16;

/** The data leave the bounds by more than rounding, or use only a small part of them. Infinite bounds say nothing. */
export function inputRange(points: Float32Array, bounds: InputBounds): Finding | undefined {
  const width = bounds[1] - bounds[0];
  if (!(width < Infinity) || points.length === 0) return undefined;
  let [low, high] = [Infinity, -Infinity];
  let outside = 0;
  for (const v of points) {
    low = Math.min(low, v);
    high = Math.max(high, v);
    if (v < bounds[0] - TOLERANCE * width || v > bounds[1] + TOLERANCE * width) outside++;
  }
  const evidence = { low, high, boundsLow: bounds[0], boundsHigh: bounds[1] };
  const shown = `[${low}, ${high}]`;
  if (outside > 0) {
    const unit = bounds[0] === 0 && bounds[1] === 1 && low >= 0 && high > 1.5 && high <= 255;
    return {
      id: 'input-range',
      severity: 'critical',
      title: `The data, in ${shown}, leave the input bounds [${bounds}]`,
      explanation: `${percent(outside / points.length)} of the entries are outside. ${unit ? 'They look like bytes: divide them by 255, or state the bounds [0, 255]. ' : ''}No attack may leave the bounds, so that attacks on such points are not the ones that were asked for. State the bounds of the data as they are, or bring the data into them.`,
      evidence: { ...evidence, outside },
    };
  }
  const used = (high - low) / width;
  if (!(used < OTHER_UNIT)) return undefined;
  return {
    id: 'input-range',
    severity: 'warning',
    title: `The data, in ${shown}, use ${percent(used)} of the input bounds [${bounds}]`,
    explanation:
      'Data and bounds are likely to have different units, as pixels in [0, 1] and bounds of [0, 255]: a radius means something else than intended, and attacks may leave the range of real data. State the bounds of the data.',
    evidence: { ...evidence, used },
  };
}

interface Candidate {
  readonly name: string;
  /** The entry `at` of a point, 0 <= at < features. */
  readonly of: (v: number, at: number) => number;
}

/**
 * Points that are scaled or normalised in a usual way are classified clearly better: /255 and back, [-1, 1], inverted, the
 * constants of MNIST, CIFAR-10 and ImageNet, the mean and standard deviation of the data, or their range.
 *
 * @param points `[rows, features]`, at best some hundreds of all classes.
 * @param image the layout, for constants by channel.
 *
 * Cost: about ten scores per point.
 */
export async function normalisation(
  victim: Victim,
  points: Float32Array,
  labels: LabelRows,
  image?: ImageShape,
): Promise<Finding | undefined> {
  const { features, outputs, task } = victim;
  const rows = points.length / features;
  if (task.kind !== 'classification' || rows === 0) return undefined;
  const accuracy = accuracyOf(victim, await victim.scores(points), labels);
  let best = { name: '', accuracy };
  for (const { name, of } of candidates(points, features, image)) {
    const changed = points.map((v, at) => of(v, at % features));
    const reached = accuracyOf(victim, await victim.scores(changed), labels);
    if (reached > best.accuracy) best = { name, accuracy: reached };
  }
  const classes = Array.from({ length: rows }, (_, i) =>
    argmax(labels.subarray(i * outputs, (i + 1) * outputs)),
  );
  if (!clearlyBetter(best.accuracy, accuracy, rows) || atChance(best.accuracy, classes, outputs))
    return undefined;
  const guessing = atChance(accuracy, classes, outputs);
  return {
    id: 'normalisation',
    severity: guessing ? 'critical' : 'warning',
    title: `Points ${best.name} fit the model better`,
    explanation: `As given ${percent(accuracy)} are right${guessing ? ', no better than guessing' : ''}; ${best.name}, ${percent(best.accuracy)}. The model was most likely trained on such inputs. State that preprocessing: the radius is then measured in the units of your data.`,
    evidence: { rows, accuracy, accuracyThen: best.accuracy, normalisation: best.name },
  };
}

const KNOWN = [
  { name: 'MNIST', mean: [0.1307], sd: [0.3081] },
  { name: 'CIFAR-10', mean: [0.4914, 0.4822, 0.4465], sd: [0.247, 0.2435, 0.2616] },
  { name: 'ImageNet', mean: [0.485, 0.456, 0.406], sd: [0.229, 0.224, 0.225] },
];

function candidates(points: Float32Array, features: number, image?: ImageShape): Candidate[] {
  let [low, high] = [Infinity, -Infinity];
  for (const v of points) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  const found: Candidate[] = [];
  const add = (name: string, of: Candidate['of']) => found.push({ name, of });
  // Pixels, whatever their unit: brought to [0, 1] first.
  const pixels = low >= -TOLERANCE && high <= 255;
  const unit = high <= 1.5 ? 1 : 255;
  const first = unit === 1 ? '' : 'divided by 255 and ';
  if (pixels) {
    if (unit === 1) add('multiplied by 255', (v) => 255 * v);
    else add('divided by 255', (v) => v / 255);
    add(`${first}mapped from [0, 1] to [-1, 1]`, (v) => (2 * v) / unit - 1);
    add(`${first}inverted, 1 - x`, (v) => 1 - v / unit);
    const layout: ImageShape = image ?? [1, 1, features];
    for (const { name, mean, sd } of KNOWN) {
      if (mean.length !== 1 && mean.length !== layout[0]) continue;
      const channel = (at: number) => (mean.length === 1 ? 0 : channelOf(layout, at));
      add(
        `${first}normalised as usual for ${name}`,
        (v, at) => (v / unit - mean[channel(at)]!) / sd[channel(at)]!,
      );
    }
  } else if (high > low) {
    add('mapped from their range to [0, 1]', (v) => (v - low) / (high - low));
    add('mapped from their range to [0, 255]', (v) => (255 * (v - low)) / (high - low));
  }
  const whole = moments(points, 1);
  const single = moments(points, features);
  add('standardised by their mean and standard deviation', (v) => (v - whole.mean[0]!) / whole.sd[0]!);
  add(
    'standardised by the mean and standard deviation of each feature',
    (v, at) => (v - single.mean[at]!) / single.sd[at]!,
  );
  return found;
}

/** Mean and standard deviation of every `features`-th entry; 1 for entries that never change. */
function moments(points: Float32Array, features: number): { mean: Float64Array; sd: Float64Array } {
  const rows = points.length / features;
  const mean = new Float64Array(features);
  const sd = new Float64Array(features);
  points.forEach((v, at) => {
    mean[at % features]! += v / rows;
  });
  points.forEach((v, at) => {
    sd[at % features]! += (v - mean[at % features]!) ** 2 / rows;
  });
  return { mean, sd: sd.map((variance) => Math.sqrt(variance) || 1) };
}
