// The graph that a certificate or an attack speaks about: one input, one output, one row.
import { RobustlawError } from '../errors.ts';
import type { Graph } from './graph.ts';
import type { Model } from './model.ts';
import { isFloat, showType } from './tensor.ts';

/**
 * The graph of one sample.
 *
 * @throws unsupported-op when the model takes more rows at once, has several inputs or outputs, or no floating-point one.
 */
export function singleSample(model: Model): Graph {
  if (model.fixedBatch !== undefined && model.fixedBatch !== 1) {
    throw new RobustlawError(
      'unsupported-op',
      `the model "${model.name}" takes exactly ${model.fixedBatch} rows at once; export it again with a symbolic first axis (in PyTorch: dynamic axes or dynamic shapes) or with one row`,
    );
  }
  const one = model.forBatch(1);
  const outputs = Object.values(one.outputs);
  if (one.inputs.length !== 1 || outputs.length !== 1) {
    throw new RobustlawError(
      'unsupported-op',
      `the model "${model.name}" has ${one.inputs.length} inputs and ${outputs.length} outputs; expected one of each: choose an output when the model is read, and fix the other inputs on export`,
    );
  }
  const wrong = [...one.inputs, ...outputs].find((value) => !isFloat(value.dtype));
  if (wrong) {
    throw new RobustlawError(
      'unsupported-op',
      `the model "${model.name}" takes or returns ${showType(wrong)}; expected floating-point numbers`,
    );
  }
  return one;
}
