// The derivative of ReduceProd: the product of the other elements, which is bounded where an element is 0.
import type { Op } from '../../graph/index.ts';
import { emit1, mul, reshape } from '../../graph/index.ts';
import { emptyBox } from '../box.ts';
import { productDown, productUp } from '../product.ts';
import type { Range } from '../range.ts';
import { reducedAxes } from '../rules/reductions.ts';
import { membersOf } from '../strides.ts';
import { enclosedOp } from './slopes.ts';

const times = ([al, au]: Range, [bl, bu]: Range): Range => [
  productDown(al, au, bl, bu),
  productUp(al, au, bl, bu),
];

/** ReduceProd with this derivative. */
export function sharpProduct(op: Op): Op {
  return {
    ...op,
    vjp: (node, [g]) => {
      const x = node.inputs[0]!;
      const axes = reducedAxes(node);
      const others = enclosedOp('ProductOfOthers', (_node, [box]) => {
        const { index, each } = membersOf(x.shape, axes);
        const out = emptyBox(box!.lower.length);
        for (let start = 0; start < index.length; start += each) {
          const members = index.subarray(start, start + each);
          const ranges = Array.from(members, (at): Range => [box!.lower[at]!, box!.upper[at]!]);
          const after: Range[] = [...ranges, [1, 1]];
          for (let k = each - 1; k >= 0; k--) after[k] = times(ranges[k]!, after[k + 1]!);
          let before: Range = [1, 1];
          for (const [k, at] of members.entries()) {
            [out.lower[at], out.upper[at]] = times(before, after[k + 1]!);
            before = times(before, ranges[k]!);
          }
        }
        return [out];
      });
      const kept = reshape(
        g!,
        x.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
      );
      return [mul(emit1(others, [x]), kept)];
    },
  };
}
