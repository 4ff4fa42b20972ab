// Matrix products as sums of rows: Gemm, MatMul, and Einsum with at most one constant.
import type { Node, Shape, Value } from '../../graph/index.ts';
import type { Form } from './form.ts';
import { broadcastPositions, broadcastStrides, positions, stridesOf } from './positions.ts';
import type { Reading } from './reading.ts';
import { combined, constantOf, formOf, unsupported } from './reading.ts';
import { summation } from './reduction-rules.ts';
import type { Rule } from './rule.ts';

/** Strides of the two factors along the axes of the result, then along the axes that are summed over. */
interface Contraction {
  readonly summed: Shape;
  readonly left: readonly [kept: readonly number[], summed: readonly number[]];
  readonly right: readonly [kept: readonly number[], summed: readonly number[]];
}

/** y = factor sum over the summed axes of left times right, one of which is constant, as a rule on rows. */
function contraction(
  node: Node,
  kept: Shape,
  { summed, left, right }: Contraction,
  reading: Reading,
  factor = 1,
): Form {
  const [a, b] = node.inputs as [Value, Value];
  const [y] = node.outputs as [Value];
  const constantRight = constantOf(b, reading);
  const constant = constantRight ?? constantOf(a, reading);
  if (!constant) throw unsupported(node, 'multiplies two values that both depend on the input');
  const [x, ofX, ofC] = constantRight ? [a, left, right] : [b, right, left];
  const [atX, atC] = [positions(kept, ofX[0]), positions(kept, ofC[0])];
  const [alongX, alongC] = [positions(summed, ofX[1]), positions(summed, ofC[1])];
  const { values, error } = constant;
  const product = combined(y, [formOf(x, reading)], reading, (row, add) => {
    const [startX, startC] = [atX[row]!, atC[row]!];
    for (let s = 0; s < alongX.length; s++) {
      const at = startC + alongC[s]!;
      add(0, startX + alongX[s]!, values[at]!, error?.[at]);
    }
  });
  return factor === 1
    ? product
    : combined(y, [product], reading, (row, add) => {
        add(0, row, factor);
      });
}

const matMul: Rule = (node, reading) => {
  const [a, b] = node.inputs as [Value, Value];
  const left = a.shape.length === 1 ? [1, a.shape[0]!] : a.shape;
  const right = b.shape.length === 1 ? [b.shape[0]!, 1] : b.shape;
  const [y] = node.outputs as [Value];
  const batch = y.shape.slice(0, Math.max(left.length, right.length) - 2);
  const [rows, inner, columns] = [left.at(-2)!, left.at(-1)!, right.at(-1)!];
  const ofBatch = (shape: Shape) => {
    // The axes before the last two broadcast; each of their positions is a whole matrix.
    const matrixSize = shape.at(-2)! * shape.at(-1)!;
    return broadcastStrides(shape.slice(0, -2), batch).map((stride) => stride * matrixSize);
  };
  return [
    contraction(
      node,
      [...batch, rows, columns],
      {
        summed: [inner],
        left: [[...ofBatch(left), inner, 0], [1]],
        right: [[...ofBatch(right), 0, 1], [columns]],
      },
      reading,
    ),
  ];
};

/** alpha op(A) op(B) + beta C. */
const gemm: Rule = (node, reading) => {
  const [a, b, c] = node.inputs as [Value, Value, Value | undefined];
  const { alpha = 1, beta = 1, transA = 0, transB = 0 } = node.attributes as Record<string, number>;
  const [y] = node.outputs as [Value];
  const inner = transA ? a.shape[0]! : a.shape[1]!;
  const [left, right] = [
    transA ? [1, a.shape[1]!] : [a.shape[1]!, 1],
    transB ? [1, b.shape[1]!] : [b.shape[1]!, 1],
  ];
  const product = contraction(
    node,
    y.shape,
    { summed: [inner], left: [[left[0]!, 0], [left[1]!]], right: [[0, right[1]!], [right[0]!]] },
    reading,
    alpha,
  );
  if (!c) return [product];
  const at = broadcastPositions(c.shape, y.shape);
  return [
    combined(y, [product, formOf(c, reading)], reading, (row, add) => {
      add(0, row, 1);
      add(1, at[row]!, beta);
    }),
  ];
};

/** Sums over named axes of one value, or of one value times a constant. */
const einsum: Rule = (node, reading) => {
  const terms = spelledOut(
    (node.attributes.equation as string).replaceAll(' ', ''),
    node.inputs.map((value) => value!.shape),
  );
  if (node.inputs.length > 2) throw unsupported(node, 'has more than two operands');
  const { operands, result, lengths } = terms;
  const lengthsOf = (letters: readonly string[]) => letters.map((letter) => lengths.get(letter)!);
  const summed = [...lengths.keys()].filter((letter) => !result.includes(letter));
  /** Strides of an operand along the axes of these names; an axis that it names twice is its diagonal. */
  const strides = (operand: number, letters: readonly string[]) => {
    const { shape } = node.inputs[operand]!;
    const own = stridesOf(shape);
    return letters.map((letter) =>
      operands[operand]!.reduce((total, l, i) => total + (l === letter && shape[i] !== 1 ? own[i]! : 0), 0),
    );
  };
  const along = (operand: number) => [strides(operand, result), strides(operand, summed)] as const;
  if (node.inputs.length === 2)
    return [
      contraction(
        node,
        lengthsOf(result),
        { summed: lengthsOf(summed), left: along(0), right: along(1) },
        reading,
      ),
    ];
  const [kept, over] = along(0);
  return [
    summation(node, positions(lengthsOf(result), kept), positions(lengthsOf(summed), over), 1, 0, reading),
  ];
};

/** The names of the axes of each operand and of the result, `...` spelled out, and the length of each axis. */
function spelledOut(equation: string, shapes: readonly Shape[]) {
  const [left, right] = equation.split('->') as [string, string | undefined];
  const hidden = (term: string, rank: number) => rank - (term.length - 3);
  const terms = left.split(',');
  const most = Math.max(0, ...terms.map((t, i) => (t.includes('...') ? hidden(t, shapes[i]!.length) : 0)));
  const dots = Array.from({ length: most }, (_, i) => `#${i}`);
  const letters = (term: string, count: number) =>
    [...term.replace('...', '.')].flatMap((l) => (l === '.' ? dots.slice(most - count) : [l]));
  const operands = terms.map((term, i) => letters(term, hidden(term, shapes[i]!.length)));
  const lengths = new Map<string, number>();
  operands.forEach((operand, i) => {
    operand.forEach((letter, k) => {
      lengths.set(letter, Math.max(lengths.get(letter) ?? 1, shapes[i]![k]!));
    });
  });
  const all = [...left.replace(/[^a-zA-Z]/g, '')];
  const once = all.filter((letter) => all.filter((l) => l === letter).length === 1).sort();
  return { operands, result: right === undefined ? [...dots, ...once] : letters(right, most), lengths };
}

export const PRODUCT_RULES: Readonly<Record<string, Rule>> = {
  MatMul: matMul,
  Gemm: gemm,
  Einsum: einsum,
};
