// What is wrong with the scores of a model: no numbers, always the same, or probabilities in which differences are rounded away.
import { type Graph, topological, type Value } from '../../graph/index.ts';
import { percent } from '../../words/index.ts';
import type { Victim } from '../victim.ts';
import type { Finding } from './finding.ts';

/** Some score is NaN or infinite. `scores` `[rows, outputs]`. */
export function nanOutput(scores: Float32Array, outputs: number): Finding | undefined {
  const rows = scores.length / outputs;
  let bad = 0;
  for (let i = 0; i < rows; i++)
    if (!scores.subarray(i * outputs, (i + 1) * outputs).every(Number.isFinite)) bad++;
  if (bad === 0) return undefined;
  return {
    id: 'nan-output',
    severity: 'critical',
    title: 'The model returns NaN or infinite scores',
    explanation:
      'Rows with NaN count as wrong, and no attack can compare such scores. Look for divisions by zero, logarithms of zero and overflow, or for inputs of a scale that the model does not expect.',
    evidence: { rows, affected: bad },
  };
}

/** All rows have the same scores but for rounding. `scores` `[rows, outputs]`; nothing is said of fewer than two rows. */
export function constantOutput(scores: Float32Array, outputs: number): Finding | undefined {
  const rows = scores.length / outputs;
  if (rows < 2) return undefined;
  let largest = 0;
  let spread = 0;
  for (let k = 0; k < outputs; k++) {
    let [low, high] = [Infinity, -Infinity];
    for (let i = 0; i < rows; i++) {
      const score = scores[i * outputs + k]!;
      if (Number.isNaN(score)) return undefined;
      low = Math.min(low, score);
      high = Math.max(high, score);
    }
    largest = Math.max(largest, Math.abs(low), Math.abs(high));
    spread = Math.max(spread, high - low);
  }
  if (!(spread <= 4 * FLOAT32 * largest)) return undefined;
  return {
    id: 'constant-output',
    severity: 'critical',
    title: 'The model gives the same scores to all points',
    explanation:
      'A constant model cannot be attacked and has learnt nothing: its robust accuracy is the share of one class. The inputs may have the wrong scale, or the weights were not loaded.',
    evidence: { rows, largestDifference: spread },
  };
}

/** The spacing of float32 numbers near 1. */
const FLOAT32 = 2 ** -23;

/**
 * Attacks would see probabilities: scores between 0 and 1 with the sum 1 although the model does not end in a Softmax or
 * Sigmoid that createVictim() can leave out. Where it does, that is said as information. `scores` `[rows, outputs]` are
 * those of the victim.
 */
export function softmaxOutput(
  one: Graph,
  victim: Pick<Victim, 'task' | 'outputs' | 'notes'>,
  scores: Float32Array,
): Finding | undefined {
  if (victim.task.kind !== 'classification') return undefined;
  const last = Object.values(one.outputs)[0]!.node;
  const { outputs } = victim;
  const single = oneProbability(one, scores, outputs);
  if (single) return single;
  const left = victim.notes.find((note) => note.includes('is left out'));
  if (left !== undefined) {
    return {
      id: 'softmax-output',
      severity: 'info',
      title: `The model ends in ${last.op.name}; attacks see the scores before it`,
      explanation:
        'Attacks on rounded probabilities fail and make a model look robust. Leaving the last operator out changes no prediction.',
      evidence: { operator: last.op.name },
    };
  }
  const rows = scores.length / outputs;
  let certain = 0;
  for (let i = 0; i < rows; i++) {
    let [sum, largest] = [0, 0];
    for (let k = i * outputs; k < (i + 1) * outputs; k++) {
      if (!(scores[k]! >= -TOLERANCE && scores[k]! <= 1 + TOLERANCE)) return undefined;
      sum += scores[k]!;
      largest = Math.max(largest, scores[k]!);
    }
    if (!(Math.abs(sum - 1) <= TOLERANCE)) return undefined;
    if (largest === 1) certain++;
  }
  // One or two rows may add up to 1 by accident, and so may scores that are always the same.
  if ((rows < 3 || isConstant(scores, outputs)) && !hasSoftmax(one)) return undefined;
  return {
    id: 'softmax-output',
    severity: certain > rows / 10 ? 'critical' : 'warning',
    title: 'The scores are probabilities, and the model cannot be cut before them',
    explanation: `Near 0 and 1, float32 rounds away the differences that attacks climb: for ${percent(certain / rows)} of the points the largest probability is exactly 1. Gradients vanish and the model looks more robust than it is. Export the model without the final softmax, so that it returns logits.`,
    evidence: { rows, probabilityOne: certain, operator: last.op.name },
  };
}

const TOLERANCE = 1e-5;

/** A single output is read as a logit; as a probability it would always be class 1. */
function oneProbability(one: Graph, scores: Float32Array, outputs: number): Finding | undefined {
  const [output] = Object.values(one.outputs) as [Value];
  const entries = output.shape.reduce((product, length) => product * length, 1);
  if (entries !== 1 || outputs !== 2 || output.node.op.name === 'Sigmoid') return undefined;
  const rows = scores.length / 2;
  for (let i = 0; i < rows; i++) if (!(scores[2 * i + 1]! >= 0 && scores[2 * i + 1]! <= 1)) return undefined;
  if (rows < 3 || isConstant(scores, 2)) return undefined;
  return {
    id: 'softmax-output',
    severity: 'critical',
    title: 'The one output looks like a probability, but is read as a logit',
    explanation:
      'All outputs lie in [0, 1]. A single output is taken for a logit, class 1 where it is positive, so that every point is class 1. Export the model without the operators after the logit.',
    evidence: { rows, operator: output.node.op.name },
  };
}

function isConstant(scores: Float32Array, outputs: number): boolean {
  return scores.every((score, i) => score === scores[i % outputs]);
}

function hasSoftmax(one: Graph): boolean {
  return topological(Object.values(one.outputs)).some(({ op }) => op.name === 'Softmax');
}
