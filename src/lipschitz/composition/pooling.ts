// Norms of mean pooling and Lipschitz constants of maximum pooling.
import { type Node, type Sweep, sweeps, type Value } from '../../graph/index.ts';
import type { Norm } from '../../guarantee/index.ts';
import { type Matrix, matrix } from '../../linalg/index.ts';
import { addUp, multiplyUp, sqrtUp, UNIT_ROUNDOFF } from '../../numeric/index.ts';
import { operatorNormUpper } from '../norms.ts';
import { seenBy } from './convolution.ts';

function poolSweeps(node: Node, x: Value): Sweep[] {
  return sweeps(x.shape.slice(2), node.attributes.kernel_shape as readonly number[], node.attributes);
}

/**
 * Mean pooling: the weight of a cell in a window is one over the number of cells that count, a product over the axes, so
 * the map is the Kronecker product of one matrix per axis, and its norm the product of theirs, in l1, l2 and linf. Exact
 * up to rounding, padding and overlaps included (from the Schur bound for l2 where an axis exceeds LONG cells).
 */
export function averagePoolNorm(node: Node, x: Value, norm: Norm): number {
  const includesPadding = node.attributes.count_include_pad === 1;
  return poolSweeps(node, x).reduce((product, s) => {
    const { weights, error } = averages(s, includesPadding);
    const of = (p: Norm) => operatorNormUpper(weights, p);
    const l2 = () =>
      Math.min(s.length, s.count) <= LONG ? of('l2') : sqrtUp(multiplyUp(of('l1'), of('linf')));
    const ofRounding = multiplyUp(error, Math.max(weights.rows, weights.columns));
    return multiplyUp(product, addUp(norm === 'l2' ? l2() : of(norm), ofRounding));
  }, 1);
}

const LONG = 500;

/** The matrix of means along one axis, `[windows, cells]`, each entry within `error`. */
function averages(s: Sweep, includesPadding: boolean): { weights: Matrix; error: number } {
  const weights = matrix(s.count, s.length);
  const [low, high] = includesPadding ? [-s.before, s.length + s.after] : [0, s.length];
  for (let o = 0; o < s.count; o++) {
    const cells = Array.from({ length: s.kernel }, (_, t) => seenBy(s, o, t));
    const counted = cells.filter((cell) => cell >= low && cell < high).length;
    for (const cell of cells)
      if (cell >= 0 && cell < s.length) weights.data[o * s.length + cell] = 1 / counted;
  }
  return { weights, error: UNIT_ROUNDOFF };
}

/**
 * Maximum pooling: in how many windows a cell lies, at most; the constant is that number in l1, its root in l2, 1 in linf.
 *
 * |max_w x - max_w x'| <= max_{i in w} |x_i - x'_i|, so the l1 and l2 distances to the p are at most sum_w sum_{i in w}
 * |x_i - x'_i|^p <= k ||x - x'||^p. Attained where a cell that is larger than all others moves.
 */
export function windowsPerCell(node: Node, x: Value): number {
  return poolSweeps(node, x).reduce((product, s) => {
    const counts = new Int32Array(s.length);
    for (let o = 0; o < s.count; o++) {
      for (let t = 0; t < s.kernel; t++) {
        const cell = seenBy(s, o, t);
        if (cell >= 0 && cell < s.length) counts[cell]!++;
      }
    }
    return product * counts.reduce((a, b) => Math.max(a, b), 0);
  }, 1);
}
