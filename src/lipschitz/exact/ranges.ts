// What the preactivations of a network can be on a box, by interval arithmetic; the ends of the box may be infinite, so
// that signs of weights and biases decide neurons on all of R^d.
import type { Range } from '../../intervals/index.ts';
import { addDown, addUp, multiplyDown, multiplyUp } from '../../numeric/index.ts';
import type { AffineForm, Network } from '../network/network.ts';

/** Encloses the preactivations of blocks 1..K on the box [lower, upper]; all rounding accounted for. Enclosure. */
export function preactivationRanges(
  { blocks }: Network,
  lower: Float64Array,
  upper: Float64Array,
): readonly (readonly Range[])[] {
  const values: Range[][] = [Array.from(lower, (low, i) => [low, upper[i]!])];
  return blocks.map(({ preactivation, activations }) => {
    const ranges = Array.from({ length: preactivation.rows }, (_, i) => rangeOfRow(preactivation, i, values));
    values.push(ranges.map(([low, high], i) => activations[i]!.rangeOn(low, high)));
    return ranges;
  });
}

function rangeOfRow(form: AffineForm, i: number, values: readonly (readonly Range[])[]): Range {
  let low = form.bias[i]!;
  let high = low;
  for (const [k, { data, columns }] of form.terms) {
    for (let j = 0; j < columns; j++) {
      const w = data[i * columns + j]!;
      if (w === 0) continue;
      const [from, to] = w > 0 ? values[k]![j]! : [values[k]![j]![1], values[k]![j]![0]];
      low = sumDown(low, multiplyDown(w, from));
      high = sumUp(high, multiplyUp(w, to));
    }
  }
  let error = form.biasError;
  if (form.coefficientError > 0) {
    for (const [l, h] of values.flat()) {
      error = addUp(error, multiplyUp(form.coefficientError, Math.max(Math.abs(l), Math.abs(h))));
    }
  }
  if (error > 0) [low, high] = [sumDown(low, -error), sumUp(high, error)];
  // After overflow nothing is known.
  return [low < Infinity ? low : -Infinity, high > -Infinity ? high : Infinity];
}

/** Sums with zero stay exact: a neuron that is never negative keeps its sign. */
const sumDown = (a: number, b: number) => (b === 0 ? a : a === 0 ? b : addDown(a, b));
const sumUp = (a: number, b: number) => (b === 0 ? a : a === 0 ? b : addUp(a, b));
