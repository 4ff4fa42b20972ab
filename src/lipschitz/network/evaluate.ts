// Evaluation of a network in float64.
import { invalidArgument } from '../../errors.ts';
import type { AffineForm, Network } from './network.ts';

/** f(x), x `[features]`, in plain float64: for searches and tests. Estimate, with the rounding of its sums. */
export function evaluateNetwork(network: Network, x: Float64Array): Float64Array {
  if (x.length !== network.features)
    throw invalidArgument('number of features', x.length, `${network.features}, as the network has`);
  const values = [x];
  for (const { preactivation, activations } of network.blocks)
    values.push(evaluateForm(preactivation, values).map((z, i) => activations[i]!.value(z)));
  return evaluateForm(network.output, values);
}

/** sum_k terms(k) x_k + bias, given x_0, x_1, ... */
export function evaluateForm(form: AffineForm, values: readonly Float64Array[]): Float64Array {
  const result = Float64Array.from(form.bias);
  for (const [k, { data, rows, columns }] of form.terms) {
    const x = values[k]!;
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      for (let j = 0, p = i * columns; j < columns; j++, p++) sum += data[p]! * x[j]!;
      result[i]! += sum;
    }
  }
  return result;
}
