// By what factor a node with one computed input can stretch differences: nonlinear operators, and linear ones whose
// structure is not kept.
import type { Node, Value } from '../../graph/index.ts';
import { sizeOf } from '../../graph/index.ts';
import type { Norm } from '../../guarantee/index.ts';
import { lipschitzOf } from '../../intervals/index.ts';
import { sqrtUp } from '../../numeric/index.ts';
import type { Elementwise } from '../network/elementwise.ts';
import { axisOf } from '../network/positions.ts';
import { constantOf, largestWithError } from './constants.ts';
import { timesUp } from './entries.ts';
import { linearNormUpper } from './linear-norms.ts';
import {
  logSoftmaxConstant,
  normalizationConstant,
  responseConstant,
  softmaxConstant,
} from './normalization.ts';
import { averagePoolNorm, windowsPerCell } from './pooling.ts';
import { repetitionNorm, repetitionsOf } from './selections.ts';
import type { Standardised } from './standardised.ts';

/** max_i |outer L_i inner|: ||h(x) - h(x')|| <= max_i L_i ||x - x'|| for elementwise h in each norm. */
export function elementwiseFactor({ activations, inner, outer }: Elementwise): number {
  let largest = 0;
  for (const activation of new Set(activations())) largest = Math.max(largest, lipschitzOf(activation));
  const scale = [inner, outer].map(([low, high]) => Math.max(Math.abs(low), Math.abs(high)));
  return scale.reduce(timesUp, largest);
}

/** The constant of c / sqrt(mean c^2 + epsilon): see normalizationConstant(). */
export function standardisationFactor({ n, epsilon, centred }: Standardised, norm: Norm): number {
  return normalizationConstant(n, epsilon, centred, norm);
}

/**
 * An upper bound on ||f(x) - f(x')|| / ||x - x'|| for output `y` of a node as a function of its computed input x alone.
 * Undefined for operators without a rule, or without a finite constant.
 */
export function factorOf(node: Node, x: Value, y: Value, norm: Norm): number | undefined {
  const repetitions = repetitionsOf(node, x, y);
  if (repetitions !== undefined) return repetitionNorm(repetitions, norm);
  if (y.index > 0) return undefined;
  return linearNormUpper(node, x, norm) ?? nonlinearFactor(node, x, norm);
}

function nonlinearFactor(node: Node, x: Value, norm: Norm): number | undefined {
  const attribute = (name: string, fallback: number) =>
    (node.attributes[name] as number | undefined) ?? fallback;
  const reduced = sizeOf(x.shape) / sizeOf(node.outputs[0]!.shape);
  if (node.inputs[0] !== x) return undefined;
  switch (node.op.name) {
    case 'AveragePool':
      return averagePoolNorm(node, x, norm);
    case 'MaxPool':
      return repetitionNorm(windowsPerCell(node, x), norm);
    // As one window over everything that is reduced: each cell lies in one.
    case 'GlobalMaxPool':
    case 'ReduceMax':
    case 'ReduceMin':
    // The gradient is a softmax p: |p|_inf, |p|_2 <= 1 and |p|_1 = 1.
    case 'ReduceLogSumExp':
      return 1;
    // The gradient is x / |x|_2, of which |.|_1 <= sqrt(n).
    case 'ReduceL2':
      return norm === 'linf' ? sqrtUp(reduced) : 1;
    case 'Softmax':
    case 'LogSoftmax': {
      const n = x.shape[axisOf(attribute('axis', -1), x.shape.length)] ?? 1;
      return node.op.name === 'Softmax' ? softmaxConstant(n) : logSoftmaxConstant(n, norm);
    }
    case 'LayerNormalization': {
      const first = axisOf(attribute('axis', -1), x.shape.length);
      return normalized(node, sizeOf(x.shape.slice(first)), norm);
    }
    case 'InstanceNormalization':
      return normalized(node, sizeOf(x.shape.slice(2)), norm);
    case 'GroupNormalization':
      return normalized(node, sizeOf(x.shape.slice(1)) / attribute('num_groups', 1), norm);
    case 'LRN': {
      const [alpha, beta, bias] = [
        attribute('alpha', Math.fround(1e-4)),
        attribute('beta', Math.fround(0.75)),
        attribute('bias', 1),
      ];
      if (!(alpha >= 0 && beta >= 0 && bias > 0)) return undefined;
      return responseConstant(Math.min(attribute('size', 1), x.shape[1]!), bias, beta, norm);
    }
    default:
      return undefined;
  }
}

/** Normalisation of n numbers at a time, then scaled by constants: the blocks act on entries of their own. */
function normalized(node: Node, n: number, norm: Norm): number | undefined {
  const scale = node.inputs[1] && constantOf(node.inputs[1]);
  const epsilon = (node.attributes.epsilon as number | undefined) ?? Math.fround(1e-5);
  if (!scale || !(epsilon > 0)) return undefined;
  return timesUp(largestWithError(scale), normalizationConstant(n, epsilon, true, norm));
}
