// Generalised derivatives of the largest (or smallest) of many: ReduceMax, ReduceMin, MaxPool. A cotangent goes to every element
// that can be the extreme one, in a share of [0, 1]; the shares of an element that must be it are 1.
import type { Op, Value } from '../../graph/index.ts';
import { emit1, mul, reshape } from '../../graph/index.ts';
import type { Box, EnclosedOp } from '../box.ts';
import { emptyBox } from '../box.ts';
import { productDown, productUp } from '../product.ts';
import { addDown, addUp } from '../rounding.ts';
import { reducedAxes } from '../rules/reductions.ts';
import { poolingSweeps, sweptCells } from '../rules/windows.ts';
import { membersOf } from '../strides.ts';
import { enclosedOp } from './slopes.ts';

/** For the members of a group: the largest floor of the others, and their largest ceiling. */
interface Rivals {
  readonly first: number;
  readonly firstAt: number;
  readonly second: number;
}

function rivals(values: Float64Array, members: ArrayLike<number>): Rivals {
  let [first, firstAt, second] = [-Infinity, -1, -Infinity];
  for (let k = 0; k < members.length; k++) {
    const v = values[members[k]!]!;
    if (v > first) [first, firstAt, second] = [v, members[k]!, first];
    else if (v > second) second = v;
  }
  return { first, firstAt, second };
}

const bestOther = ({ first, firstAt, second }: Rivals, at: number): number =>
  at === firstAt ? second : first;

/** [0, 1], 0 or 1 for each member: whether it can be, and whether it must be, the largest. */
function shares(
  x: Box,
  members: ArrayLike<number>,
  give: (k: number, low: 0 | 1, high: 0 | 1) => void,
): void {
  const [floors, ceilings] = [rivals(x.lower, members), rivals(x.upper, members)];
  for (let k = 0; k < members.length; k++) {
    const at = members[k]!;
    const must = x.lower[at]! > bestOther(ceilings, at) ? 1 : 0;
    const can = x.upper[at]! < bestOther(floors, at) ? 0 : 1;
    give(k, must, can);
  }
}

const negated = (x: Box): Box => ({ lower: x.upper.map((v) => -v), upper: x.lower.map((v) => -v) });

/** ReduceMax and ReduceMin. */
export function sharpReduction(op: Op): Op {
  const sharesOf = (axes: readonly number[]) =>
    enclosedOp('Shares', (node, [given]) => {
      const { shape } = node.inputs[0]!;
      const x = op.name === 'ReduceMax' ? given! : negated(given!);
      const { index, each } = membersOf(shape, axes);
      const out = emptyBox(x.lower.length);
      for (let g = 0; g < index.length; g += each) {
        const members = index.subarray(g, g + each);
        shares(x, members, (k, low, high) => {
          out.lower[members[k]!] = low;
          out.upper[members[k]!] = high;
        });
      }
      return [out];
    });
  return {
    ...op,
    vjp: (node, [g]) => {
      const x = node.inputs[0]!;
      const axes = reducedAxes(node);
      const kept = reshape(
        g!,
        x.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
      );
      return [mul(emit1(sharesOf(axes), [x]), kept)];
    },
  };
}

/** MaxPool: the cotangent of x from that of its windows. */
export function sharpMaxPool(op: Op): Op {
  return {
    ...op,
    vjp: (node, [g]) => {
      if (!g) return [undefined];
      const adjoint: EnclosedOp = enclosedOp('MaxPoolAdjoint', (_node, [x, y]) => {
        const index = sweptCells(poolingSweeps(node));
        const cells = cellsOf(node.inputs[0]!);
        const positions = cellsOf(node.outputs[0]!);
        const out = emptyBox(x!.lower.length);
        for (let c = 0; c < x!.lower.length / cells; c++) {
          for (let j = 0; j < positions; j++) {
            const members: number[] = [];
            for (let t = j; t < index.length; t += positions) {
              if (index[t]! >= 0) members.push(c * cells + index[t]!);
            }
            const [low, high] = [y!.lower[c * positions + j]!, y!.upper[c * positions + j]!];
            shares(x!, members, (k, must, can) => {
              if (can === 0) return;
              const at = members[k]!;
              out.lower[at] = addDown(out.lower[at]!, productDown(low, high, must, can));
              out.upper[at] = addUp(out.upper[at]!, productUp(low, high, must, can));
            });
          }
        }
        return [out];
      });
      return [emit1(adjoint, [node.inputs[0], g])];
    },
  };
}

const cellsOf = (value: Value): number => value.shape.slice(2).reduce((a, b) => a * b, 1);
