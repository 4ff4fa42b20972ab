// Models whose scores are random: each evaluation is another model, and an adversarial example holds by luck.
import type { OnnxModel } from '../../graph/index.ts';
import { percent } from '../../words/index.ts';
import { argmax } from '../task.ts';
import type { Victim } from '../victim.ts';
import type { Finding } from './finding.ts';

/** Operators of ONNX that draw random numbers whenever they run. */
const RANDOM = new Set([
  'Bernoulli',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
]);

const EXPLANATION =
  'Every evaluation is another model: gradients point elsewhere each time, an example that breaks the model once may not do so again, and the measured robust accuracy is partly luck. Export the model in inference mode; to judge a randomised defence, attack the mean over many draws.';

/**
 * The file has operators that draw random numbers, or dropout in training mode. Such a file cannot be imported, and this
 * says why in terms of robustness. Subgraphs and functions are not searched.
 */
export function randomOperators({ graph: { nodes, initializers } }: OnnxModel): Finding | undefined {
  const found = nodes.filter(({ op, inputs }) => {
    if (RANDOM.has(op)) return true;
    const mode = op === 'Dropout' && inputs[2] ? initializers.get(inputs[2]) : undefined;
    return mode !== undefined && 'data' in mode && Boolean(mode.data[0]);
  });
  if (found.length === 0) return undefined;
  const names = [...new Set(found.map(({ op }) => op))].join(', ');
  return {
    id: 'randomised-output',
    severity: 'critical',
    title: `The model draws random numbers: ${names}`,
    explanation: EXPLANATION,
    evidence: { operators: names, nodes: found.length },
  };
}

/**
 * Scores of the same points `[rows, features]` differ between evaluations. Deterministic programs give the same bits.
 *
 * Cost: `evaluations` scores per point, by default 3.
 */
export async function randomisedOutput(
  victim: Victim,
  points: Float32Array,
  evaluations = 3,
): Promise<Finding | undefined> {
  const { outputs, features } = victim;
  const first = await victim.scores(points);
  const rows = points.length / features;
  let largest = 0;
  const differing = new Set<number>();
  const undecided = new Set<number>();
  for (let again = 1; again < evaluations; again++) {
    const next = await victim.scores(points);
    for (let at = 0; at < first.length; at++) {
      if (Object.is(first[at], next[at])) continue;
      largest = Math.max(largest, Math.abs(first[at]! - next[at]!) || 0);
      differing.add(Math.floor(at / outputs));
    }
    for (const i of differing) {
      const [a, b] = [first, next].map((scores) => argmax(scores.subarray(i * outputs, (i + 1) * outputs)));
      if (a !== b) undecided.add(i);
    }
  }
  if (differing.size === 0) return undefined;
  return {
    id: 'randomised-output',
    severity: undecided.size > 0 ? 'critical' : 'warning',
    title: `The scores of ${percent(differing.size / rows)} of the points differ between two evaluations`,
    explanation: EXPLANATION,
    evidence: {
      rows,
      differing: differing.size,
      predictionsDiffer: undecided.size,
      largestDifference: largest,
    },
  };
}
