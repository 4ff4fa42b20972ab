// Einsum: sums of products over named axes. Its cotangents are again sums of products, with the names permuted.
import { RobustlawError } from '../../errors.ts';
import { commonType, required } from '../shape.ts';
import type { Op, Value } from '../value.ts';
import { emit1 } from '../value.ts';
import { stringOf } from './attributes.ts';
import { expand } from './fill.ts';
import { reshape } from './layout.ts';
import { sumTo } from './reduction.ts';

/** Axis names of each operand and of the result, one letter each, with `...` spelled out. */
interface Equation {
  readonly operands: readonly string[];
  readonly result: string;
  /** Length of each named axis; operands may have 1 instead. */
  readonly lengths: ReadonlyMap<string, number>;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

function invalid(equation: string, why: string): RobustlawError {
  return new RobustlawError('shape-mismatch', `the equation "${equation}" ${why}`);
}

function parse(text: string, shapes: readonly (readonly number[])[]): Equation {
  const [left, right, ...more] = text.replaceAll(' ', '').split('->');
  const terms = left!.split(',');
  if (more.length > 0 || terms.length !== shapes.length)
    throw invalid(text, `has ${terms.length} operands; ${shapes.length} are given`);
  const unused = [...LETTERS].filter((letter) => !text.includes(letter));
  const hidden = Math.max(
    0,
    ...terms.map((term, i) => (term.includes('...') ? shapes[i]!.length - (term.length - 3) : 0)),
  );
  if (hidden > unused.length) throw invalid(text, 'needs more than 52 axes');
  const dots = unused.slice(0, hidden).join('');
  const spelled = (term: string, rank: number) =>
    term.replace('...', dots.slice(dots.length - Math.max(0, rank - (term.length - 3))));
  const operands = terms.map((term, i) => spelled(term, shapes[i]!.length));
  const lengths = new Map<string, number>();
  for (const [i, operand] of operands.entries()) {
    if (!/^[a-zA-Z]*$/.test(operand) || operand.length !== shapes[i]!.length)
      throw invalid(text, `does not fit an operand of shape [${shapes[i]}]`);
    for (const [k, letter] of [...operand].entries()) {
      const [n, known = 1] = [shapes[i]![k]!, lengths.get(letter)];
      if (n !== known && n !== 1 && known !== 1)
        throw invalid(text, `has axis ${letter} of length ${known} and ${n}`);
      lengths.set(letter, Math.max(n, known));
    }
  }
  // Without an arrow: the hidden axes, then the names that occur once, in alphabetical order.
  const once = [...left!.replace(/[^a-zA-Z]/g, '')].filter(
    (letter, _, all) => all.filter((l) => l === letter).length === 1,
  );
  const result = right === undefined ? dots + once.sort().join('') : right.replace('...', dots);
  if ([...result].some((letter) => !lengths.has(letter)) || new Set(result).size !== result.length)
    throw invalid(text, 'names an axis of the result that no operand has, or names it twice');
  return { operands, result, lengths };
}

export const Einsum: Op = {
  name: 'Einsum',
  attributes: { equation: 'string' },
  infer: (inputs, attributes) => {
    const shapes = inputs.map((_, i) => required(inputs, i).shape);
    const { result, lengths } = parse(stringOf(attributes, 'equation', ''), shapes);
    return [{ dtype: commonType(inputs), shape: [...result].map((letter) => lengths.get(letter)!) }];
  },
  vjp: (node, [g]) => {
    const values = node.inputs as Value[];
    const equation = parse(
      stringOf(node.attributes, 'equation', ''),
      values.map((value) => value.shape),
    );
    return values.map((_, i) => operandGradient(equation, values, i, g!));
  },
};

/** The cotangent of one operand: the sum over all axes that it does not have of g times the other operands. */
function operandGradient(equation: Equation, values: readonly Value[], i: number, g: Value): Value {
  const { operands, result, lengths } = equation;
  const own = operands[i]!;
  if (new Set(own).size !== own.length) {
    throw new RobustlawError(
      'unsupported-op',
      'Einsum with an axis that one operand names twice has no derivative rule',
    );
  }
  const others = values.flatMap((value, j) => (j === i ? [] : [{ value, names: operands[j]! }]));
  const reached = new Set([result, ...others.map((other) => other.names)].join(''));
  const kept = [...own].filter((letter) => reached.has(letter)).join('');
  const product = einsum(`${[result, ...others.map((other) => other.names)].join(',')}->${kept}`, [
    g,
    ...others.map((other) => other.value),
  ]);
  // An axis that was summed over in this operand alone: the cotangent is the same all along it.
  const spread = reshape(
    product,
    [...own].map((letter) => (reached.has(letter) ? product.shape[kept.indexOf(letter)]! : 1)),
  );
  const full = expand(
    spread,
    [...own].map((letter) => lengths.get(letter)!),
  );
  return sumTo(full, values[i]!.shape);
}

/** Sum of products over named axes, e.g. `einsum('bij,bjk->bik', [a, b])`. */
export function einsum(equation: string, values: readonly Value[]): Value {
  return emit1(Einsum, values, { equation });
}
