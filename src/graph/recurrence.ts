// A step that is applied again and again, each time to what the last time gave.
import { RobustlawError } from '../errors.ts';
import type { Graph } from './graph.ts';
import { sameShape, showType } from './tensor.ts';
import type { Value } from './value.ts';
import { nameOf } from './value.ts';

/**
 * state_(t+1), result_t = step(state_t, element_t, fixed) for t = 0, 1, ..., as the operator Scan of ONNX has it. Training
 * is one, and so is an attack by gradients: in one execution the state stays in the runtime's memory.
 */
export interface Recurrence {
  readonly step: Graph;
  /** The state: names of inputs of the step, each with the output that takes its place the next time. */
  readonly carried: Readonly<Record<string, string>>;
  /** Inputs of which every application has an element of its own, at least one. All others are fixed. */
  readonly sequences: readonly string[];
}

/** Throws `invalid-argument` for names that the step does not have or has twice, and `shape-mismatch` where the state changes its type. */
export function recurrence(
  step: Graph,
  carried: Readonly<Record<string, string>>,
  sequences: readonly string[],
): Recurrence {
  const inputs = new Map(step.inputs.map((value): [string, Value] => [nameOf(value)!, value]));
  if (sequences.length === 0) {
    throw new RobustlawError('invalid-argument', 'a recurrence needs an input that is a sequence');
  }
  for (const name of [...Object.keys(carried), ...sequences]) {
    if (inputs.has(name)) continue;
    throw new RobustlawError('invalid-argument', `the step has no input "${name}"`);
  }
  for (const name in step.outputs) {
    if (!inputs.has(name)) continue;
    throw new RobustlawError('invalid-argument', `the output "${name}" must not have the name of an input`);
  }
  for (const [name, next] of Object.entries(carried)) {
    const [before, after] = [inputs.get(name)!, step.outputs[next]];
    if (!after) throw new RobustlawError('invalid-argument', `the step has no output "${next}"`);
    if (sequences.includes(name)) {
      throw new RobustlawError('invalid-argument', `the state "${name}" must not be a sequence as well`);
    }
    if (before.dtype === after.dtype && sameShape(before.shape, after.shape)) continue;
    throw new RobustlawError(
      'shape-mismatch',
      `the state "${name}" is ${showType(before)} and becomes ${showType(after)}`,
    );
  }
  if (new Set(Object.values(carried)).size < Object.keys(carried).length) {
    throw new RobustlawError('invalid-argument', 'two states are carried by the same output');
  }
  return { step, carried, sequences };
}

/** What a recurrence gives once per application: the outputs that carry no state. */
export function resultsOf({ step, carried }: Recurrence): readonly string[] {
  const states = new Set(Object.values(carried));
  return Object.keys(step.outputs).filter((name) => !states.has(name));
}
