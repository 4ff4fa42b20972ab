// Whether outputs are right, as a graph: what wrong() decides, within an execution.
import {
  abs,
  cast,
  equal,
  lessOrEqual,
  mul,
  reduceMin,
  reduceSum,
  scalar,
  sub,
  type Value,
} from '../graph/index.ts';
import { largest } from './losses.ts';
import type { Task } from './task.ts';

/** 1 where wrong() says false, 0 where it says true: `[rows, 1]` from scores and labels, `[rows, outputs]` each, of float32. */
export function right(task: Task, scores: Value, labels: Value): Value {
  const all = (holds: Value) => reduceMin(cast(holds, 'float32'), [1], true);
  if (task.kind === 'regression') {
    const off = abs(sub(cast(scores, 'float64'), cast(labels, 'float64')));
    return all(lessOrEqual(off, scalar('float64', task.tolerance)));
  }
  // Nothing but NaN differs from itself; where there is one, the largest score may be anywhere.
  const numbers = all(equal(scores, scores));
  const picked = reduceSum(mul(largest(scores), labels), [1], true);
  return mul(numbers, cast(equal(picked, 1), 'float32'));
}
