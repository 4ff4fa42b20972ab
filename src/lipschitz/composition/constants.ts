// The numbers of values that do not depend on the input of a graph.
import { invalidArgument } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import {
  graph,
  input,
  isFloat,
  nameOf,
  numbersOf,
  showType,
  tensorOf,
  topological,
} from '../../graph/index.ts';
import { intervalsOf } from '../../intervals/index.ts';
import { addUp, nextUp } from '../../numeric/index.ts';
import { largestSize } from './entries.ts';

/** Flat, row-major; each true number lies within `error` of the stored one. */
export interface Constant {
  readonly values: Float64Array;
  readonly error: number;
}

/**
 * The numbers of a constant or parameter, exactly (float32 is exact in float64), or of what is computed from such alone,
 * enclosed by interval arithmetic; undefined for values that depend on an input, and where the enclosure is not finite.
 *
 * @throws invalid-argument naming the weight when a number is NaN or infinite.
 */
export function constantOf(value: Value): Constant | undefined {
  if (tensorOf(value)) return { values: finiteNumbers(value), error: 0 };
  const nodes = topological([value]);
  if (!isFloat(value.dtype) || nodes.some((node) => node.op.name === 'Input')) return undefined;
  for (const node of nodes) for (const y of node.outputs) if (tensorOf(y)) finiteNumbers(y);
  const unused = input('unused', value.dtype, [1]);
  const box = intervalsOf(graph([unused], { value }), {
    lower: Float64Array.of(0),
    upper: Float64Array.of(0),
  });
  const values = box.lower.map((low, i) => (low === box.upper[i] ? low : low / 2 + box.upper[i]! / 2));
  let error = 0;
  values.forEach((v, i) => {
    const [low, high] = [box.lower[i]!, box.upper[i]!];
    if (low !== high) error = Math.max(error, nextUp(high - v), nextUp(v - low));
  });
  return values.every(Number.isFinite) && error < Number.POSITIVE_INFINITY ? { values, error } : undefined;
}

/** max |v| over the true numbers, from above. */
export function largestWithError({ values, error }: Constant): number {
  const largest = largestSize(values);
  return error === 0 ? largest : addUp(largest, error);
}

function finiteNumbers(value: Value): Float64Array {
  const t = tensorOf(value)!;
  const numbers =
    t.data instanceof BigInt64Array ? Float64Array.from(numbersOf(t)) : Float64Array.from(t.data);
  const at = isFloat(t.dtype) ? numbers.findIndex((v) => !Number.isFinite(v)) : -1;
  if (at < 0) return numbers;
  const name = nameOf(value);
  const where = name === undefined ? `a constant ${showType(value)}` : `the weight "${name}"`;
  throw invalidArgument(`entry ${at} of ${where}`, numbers[at], 'a finite number');
}
