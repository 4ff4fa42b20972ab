// The scores that the output of a model stands for, without a last layer that only squashes them.
import { concat, type Graph, neg, reshape, sizeOf, type Value } from '../graph/index.ts';
import type { Task } from './task.ts';

const SQUASHING = new Set(['Softmax', 'LogSoftmax', 'Sigmoid']);

/** The scores `[rows, outputs]` that a graph's output stands for, as createVictim() reads it. */
export function scored(
  g: Graph,
  rows: number,
  task: Task,
): { scores: Value; outputs: number; notes: string[] } {
  const [output] = Object.values(g.outputs) as [Value];
  const width = sizeOf(output.shape) / rows;
  if (task.kind === 'regression') return { scores: flat(output, rows), outputs: width, notes: [] };
  const squashed =
    SQUASHING.has(output.node.op.name) && (output.node.op.name === 'Sigmoid' || squashesRows(output, width));
  const logits = squashed ? output.node.inputs[0]! : output;
  const notes = squashed
    ? [`the final ${output.node.op.name} is left out: attacks see the scores before it`]
    : [];
  const scores = flat(logits, rows);
  if (width > 1) return { scores, outputs: width, notes };
  notes.push(
    `the one output is read as the logit of class 1 against class 0: class 1 where ${squashed ? 'the probability exceeds 0.5' : 'it is positive'}`,
  );
  return { scores: concat([neg(scores), scores], 1), outputs: 2, notes };
}

/** Whether a Softmax goes over all the outputs of a row, so that it keeps their order. */
function squashesRows({ node, shape }: Value, width: number): boolean {
  const axis = Number(node.attributes.axis ?? -1);
  return shape[axis < 0 ? axis + shape.length : axis] === width;
}

function flat(value: Value, rows: number): Value {
  const width = sizeOf(value.shape) / rows;
  return value.shape.length === 2 ? value : reshape(value, [rows, width]);
}
