// Rules of comparisons, logic, selection and change of type: what is undecided on the box is [0, 1].
import { isFloat, sizeOf } from '../../graph/index.ts';
import type { Bounds, Box, Rule } from '../box.ts';
import { emptyBox } from '../box.ts';
import { combined, stretched } from './arithmetic.ts';

/** Certain truth, certain falsehood or neither, of a comparison of one interval with another. */
type Verdict = (al: number, au: number, bl: number, bu: number) => 0 | 1 | undefined;

/**
 * Comparisons of values that depend on an input are undecided where both sides can be equal, at single points too: there the
 * pieces of a function meet, and its generalised derivative has all of both sides (Clarke 1983). Fixed values compare exactly.
 */
const comparison =
  (strict: Verdict, compare: (a: number, b: number) => boolean): Rule =>
  (node, inputs) => {
    const fixed = inputs.every((x) => x!.fixed);
    const whole = !isFloat(node.inputs[0]!.dtype);
    return [
      combined(node, inputs, (al, au, bl, bu, out, i) => {
        const known =
          (fixed || whole) && al === au && bl === bu ? Number(compare(al, bl)) : strict(al, au, bl, bu);
        out.lower[i] = known ?? 0;
        out.upper[i] = known ?? 1;
      }),
    ];
  };

const above: Verdict = (al, au, bl, bu) => (al > bu ? 1 : au < bl ? 0 : undefined);
const below: Verdict = (al, au, bl, bu) => (au < bl ? 1 : al > bu ? 0 : undefined);
const apart: Verdict = (al, au, bl, bu) => (al > bu || au < bl ? 0 : undefined);

/** A monotone function of two truths. */
const logical =
  (f: (a: number, b: number) => number): Rule =>
  (node, inputs) => [
    combined(node, inputs, (al, au, bl, bu, out, i) => {
      out.lower[i] = f(al, bl);
      out.upper[i] = f(au, bu);
    }),
  ];

const xor: Rule = (node, inputs) => [
  combined(node, inputs, (al, au, bl, bu, out, i) => {
    const decided = al === au && bl === bu;
    out.lower[i] = decided && al !== bl ? 1 : 0;
    out.upper[i] = decided && al === bl ? 0 : 1;
  }),
];

const where: Rule = (node, inputs) => {
  const { shape } = node.outputs[0]!;
  const [c, a, b] = inputs.map((x, i) => stretched(x!, node.inputs[i]!.shape, shape)) as [Box, Box, Box];
  const out = emptyBox(sizeOf(shape));
  for (let i = 0; i < out.lower.length; i++) {
    const [can, must] = [c.upper[i] === 1, c.lower[i] === 1];
    out.lower[i] = must ? a.lower[i]! : can ? Math.min(a.lower[i]!, b.lower[i]!) : b.lower[i]!;
    out.upper[i] = must ? a.upper[i]! : can ? Math.max(a.upper[i]!, b.upper[i]!) : b.upper[i]!;
  }
  return [out];
};

/** To another floating-point type: the same real number. To integers: towards zero. To bool: whether it is not zero. */
const cast: Rule = (node, [x]) => {
  const [from, to] = [node.inputs[0]!.dtype, node.outputs[0]!.dtype];
  if (to === 'bool') return [from === 'bool' ? x! : truths(x!)];
  if (isFloat(to) || !isFloat(from)) return [x!];
  return [{ lower: x!.lower.map(Math.trunc), upper: x!.upper.map(Math.trunc) }];
};

function truths(x: Bounds): Box {
  const out = emptyBox(x.lower.length);
  for (let i = 0; i < x.lower.length; i++) {
    const [low, high] = [x.lower[i]!, x.upper[i]!];
    out.lower[i] = low > 0 || high < 0 ? 1 : 0;
    out.upper[i] = low === 0 && high === 0 ? 0 : 1;
  }
  return out;
}

export const LOGIC: Readonly<Record<string, Rule>> = {
  Greater: comparison(above, (a, b) => a > b),
  GreaterOrEqual: comparison(above, (a, b) => a >= b),
  Less: comparison(below, (a, b) => a < b),
  LessOrEqual: comparison(below, (a, b) => a <= b),
  Equal: comparison(apart, (a, b) => a === b),
  And: logical(Math.min),
  Or: logical(Math.max),
  Xor: xor,
  Not: (_node, [x]) => [{ lower: x!.upper.map((t) => 1 - t), upper: x!.lower.map((t) => 1 - t) }],
  Where: where,
  Cast: cast,
};
