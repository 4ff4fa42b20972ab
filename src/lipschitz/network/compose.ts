// A matrix applied to the output of a network, as for margins.

import { RobustlawError } from '../../errors.ts';
import type { Matrix } from '../../linalg/index.ts';
import { combine, dense, sparse } from './form.ts';
import type { Network } from './network.ts';
import { sizeOfBlock } from './network.ts';

/**
 * x -> rows f(x), rows `[m, outputs]`: with rows e_y - e_j the margins f_y - f_j. The rounding of the products is added
 * to the errors of the output form. Cost: one step per coefficient and row.
 *
 * @throws shape-mismatch when the matrix has not one column per output.
 */
export function composeOutput(network: Network, rows: Matrix): Network {
  if (rows.columns !== network.output.rows) {
    throw new RobustlawError(
      'shape-mismatch',
      `a matrix of ${rows.columns} columns for ${network.output.rows} outputs; expected one column per output`,
    );
  }
  const offsets = [0];
  for (let k = 0; k <= network.blocks.length; k++) offsets.push(offsets[k]! + sizeOfBlock(network, k));
  const output = sparse(network.output, offsets);
  const composed = combine('the composed output', [output], rows.rows, offsets.at(-1)!, (row, add) => {
    for (let j = 0; j < rows.columns; j++) add(0, j, rows.data[row * rows.columns + j]!);
  });
  return { ...network, output: dense(composed, offsets) };
}
