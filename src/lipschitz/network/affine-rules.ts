// Arithmetic, matrix products and reductions as sums of rows of their inputs (ONNX, operator set 20).

import { invalidArgument } from '../../errors.ts';
import type { Node, Shape, Value } from '../../graph/index.ts';
import { isFloat, numbersOf, sizeOf, tensorOf } from '../../graph/index.ts';
import {
  addDown,
  addUp,
  divideDown,
  divideUp,
  nextUp,
  sqrtDown,
  sqrtUp,
  UNIT_ROUNDOFF,
} from '../../numeric/index.ts';
import type { Form } from './form.ts';
import { combine, constantForm } from './form.ts';
import { axisOf, broadcastPositions, broadcastStrides, positions, stridesOf } from './positions.ts';
import { isPowerOfTwo } from './powers.ts';
import type { Constant, Reading } from './reading.ts';
import { combined, constantOf, describe, formOf, unsupported } from './reading.ts';

/** The forms of the outputs of a node (those that are not floating-point are left out), from those of its inputs. */
export type Rule = (node: Node, reading: Reading) => readonly (Form | undefined)[];

/** The input itself. */
const same: Rule = (node, reading) => [formOf(node.inputs[0]!, reading)];

const cast: Rule = (node, reading) => {
  const [x] = node.inputs as [Value];
  if (!isFloat(node.outputs[0]!.dtype) || !(isFloat(x.dtype) || tensorOf(x)))
    throw unsupported(node, 'changes between numbers and integers or truth values');
  return [formOf(x, reading)];
};

/** factor_0 x_0 + factor_1 x_1 + ..., broadcast; each factor within its error of the true one. */
function weightedSum(factors: readonly number[], error = 0): Rule {
  return (node, reading) => {
    const [y] = node.outputs as [Value];
    const at = node.inputs.map((x) => broadcastPositions(x!.shape, y.shape));
    const forms = node.inputs.map((x) => formOf(x!, reading));
    return [
      combined(y, forms, reading, (row, add) => {
        for (let k = 0; k < at.length; k++) add(k, at[k]![row]!, factors[k]!, error);
      }),
    ];
  };
}

const average: Rule = (node, reading) => {
  const [factor, error] = reciprocalOf(node.inputs.length);
  return weightedSum(new Array<number>(node.inputs.length).fill(factor), error)(node, reading);
};

const sum: Rule = (node, reading) =>
  weightedSum(new Array<number>(node.inputs.length).fill(1))(node, reading);

/** 1 / n and a bound on its rounding. */
export function reciprocalOf(n: number): [value: number, error: number] {
  const value = 1 / n;
  return [value, isPowerOfTwo(n) ? 0 : UNIT_ROUNDOFF * value];
}

/** Products with a constant, element by element. */
const multiply: Rule = (node, reading) => {
  const [a, b] = node.inputs as [Value, Value];
  const right = constantOf(b, reading);
  const left = right ? undefined : constantOf(a, reading);
  const factors = right ?? left;
  if (!factors) throw unsupported(node, 'multiplies two values that both depend on the input');
  const [x, c] = right ? [a, b] : [b, a];
  return [scaled(node, x, c.shape, factors, reading)];
};

function scaled(node: Node, x: Value, shape: Shape, factors: Constant, reading: Reading): Form {
  const [y] = node.outputs as [Value];
  const [atX, atC] = [broadcastPositions(x.shape, y.shape), broadcastPositions(shape, y.shape)];
  const { values, error } = factors;
  return combined(y, [formOf(x, reading)], reading, (row, add) => {
    const at = atC[row]!;
    add(0, atX[row]!, values[at]!, error?.[at]);
  });
}

const divide: Rule = (node, reading) => {
  const [x, divisor] = node.inputs as [Value, Value];
  const constant = constantOf(divisor, reading);
  if (!constant) throw unsupported(node, 'divides by a value that depends on the input');
  return [
    scaled(
      node,
      x,
      divisor.shape,
      enclosed(constant, (low, high) => reciprocalRange(node, low, high)),
      reading,
    ),
  ];
};

/** 1 / [low, high]. */
function reciprocalRange(node: Node, low: number, high: number): [number, number] {
  if (low <= 0 && high >= 0)
    throw invalidArgument(`divisor of ${describe(node)}`, low, 'a number other than 0');
  if (low === high && isPowerOfTwo(low)) return [1 / low, 1 / low];
  return [divideDown(1, high), divideUp(1, low)];
}

/** A monotone function of a constant, from its enclosure on an interval. */
function enclosed(
  { values, error }: Constant,
  range: (low: number, high: number) => readonly [number, number],
): { values: Float64Array<ArrayBuffer>; error: Float64Array<ArrayBuffer> } {
  const middle = new Float64Array(values.length);
  const radius = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const slack = error?.[i] ?? 0;
    const [low, high] = range(
      slack === 0 ? values[i]! : addDown(values[i]!, -slack),
      slack === 0 ? values[i]! : addUp(values[i]!, slack),
    );
    middle[i] = low + (high - low) / 2;
    radius[i] = low === high ? 0 : Math.max(nextUp(high - middle[i]!), nextUp(middle[i]! - low));
  }
  return { values: middle, error: radius };
}

/** A function of constants only, such as exporters write around the variance of a normalisation. */
function ofConstant(range: (node: Node, low: number, high: number) => readonly [number, number]): Rule {
  return (node, reading) => {
    const constant = constantOf(node.inputs[0]!, reading);
    if (!constant) throw unsupported(node, 'acts on a value that depends on the input');
    const { values, error } = enclosed(constant, (low, high) => range(node, low, high));
    return [constantForm(values, error)];
  };
}

function rootRange(node: Node, low: number, high: number): readonly [number, number] {
  if (!(low >= 0)) throw invalidArgument(`argument of ${describe(node)}`, low, 'a number >= 0');
  const root = Math.sqrt(low);
  return low === high && Number.isInteger(root) && root < 2 ** 26
    ? [root, root]
    : [sqrtDown(low), sqrtUp(high)];
}

/** scale (x - mean) / sqrt(var + epsilon) + bias, per channel. */
const batchNormalization: Rule = (node, reading) => {
  const [x, scaleInput, bias, mean, varianceInput] = node.inputs as [Value, Value, Value, Value, Value];
  const [scale, variance] = [scaleInput, varianceInput].map((value) => constantOf(value, reading));
  if (!scale || !variance) throw unsupported(node, 'has statistics that depend on the input');
  const epsilon = (node.attributes.epsilon as number | undefined) ?? Math.fround(1e-5);
  const deviations = enclosed(variance, (low, high) => {
    const least = addDown(low, epsilon);
    if (!(least > 0)) throw invalidArgument(`variance of ${describe(node)}`, low, `a number > -${epsilon}`);
    return [divideDown(1, sqrtUp(addUp(high, epsilon))), divideUp(1, sqrtDown(least))];
  });
  const channels = x.shape[1]!;
  const cells = sizeOf(x.shape.slice(2));
  // The slopes scale / sqrt(var + epsilon) as a form, so that their products are rounded like any other.
  const reciprocals = constantForm(deviations.values, deviations.error);
  const slopes = combine(describe(node), [reciprocals], channels, 0, (row, add) => {
    add(0, row, scale.values[row]!, scale.error?.[row]);
  });
  const forms = [x, mean, bias].map((value) => formOf(value, reading));
  return [
    combined(node.outputs[0]!, forms, reading, (row, add) => {
      const c = Math.floor(row / cells) % channels;
      add(0, row, slopes.bias[c]!, slopes.biasError[c]);
      add(1, c, -slopes.bias[c]!, slopes.biasError[c]);
      add(2, c, 1);
    }),
  ];
};

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

/** The letters of each operand and of the result, `...` spelled out in capital Greek, and the length of each axis. */
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

/** y[row] = factor sum_s x[at[row] + along[s]]. */
function summation(
  node: Node,
  at: Int32Array,
  along: Int32Array,
  factor: number,
  error: number,
  reading: Reading,
): Form {
  return combined(node.outputs[0]!, [formOf(node.inputs[0]!, reading)], reading, (row, add) => {
    for (const step of along) add(0, at[row]! + step, factor, error);
  });
}

function reduction(average: boolean): Rule {
  return (node, reading) => {
    const [x, axes] = node.inputs as [Value, Value | undefined];
    const listed = axes ? numbersOf(tensorOf(axes)!).map((axis) => axisOf(axis, x.shape.length)) : [];
    if (listed.length === 0 && node.attributes.noop_with_empty_axes === 1) return same(node, reading);
    return [overAxes(node, listed.length === 0 ? x.shape.map((_, i) => i) : listed, average, reading)];
  };
}

/** The sum or mean over axes, which may be kept with length 1. */
function overAxes(node: Node, axes: readonly number[], average: boolean, reading: Reading): Form {
  const { shape } = node.inputs[0]!;
  const strides = stridesOf(shape);
  const pick = (values: readonly number[], reduced: boolean) =>
    values.filter((_, i) => axes.includes(i) === reduced);
  const along = positions(pick(shape, true), pick(strides, true));
  const [factor, error] = average ? reciprocalOf(along.length) : [1, 0];
  return summation(node, positions(pick(shape, false), pick(strides, false)), along, factor, error, reading);
}

const globalAverage: Rule = (node, reading) => [
  overAxes(node, node.inputs[0]!.shape.map((_, i) => i).slice(2), true, reading),
];

const runningSum: Rule = (node, reading) => {
  const [x, axisInput] = node.inputs as [Value, Value];
  const axis = axisOf(numbersOf(tensorOf(axisInput)!)[0]!, x.shape.length);
  const stride = stridesOf(x.shape)[axis]!;
  const n = x.shape[axis]!;
  const { exclusive = 0, reverse = 0 } = node.attributes as Record<string, number>;
  return [
    combined(node.outputs[0]!, [formOf(x, reading)], reading, (row, add) => {
      const position = Math.floor(row / stride) % n;
      const [from, to] = reverse ? [position + exclusive, n - 1] : [0, position - exclusive];
      for (let k = from; k <= to; k++) add(0, row + (k - position) * stride, 1);
    }),
  ];
};

export const AFFINE_RULES: Readonly<Record<string, Rule>> = {
  Identity: same,
  Reshape: same,
  Flatten: same,
  Squeeze: same,
  Unsqueeze: same,
  Dropout: same,
  Cast: cast,
  Neg: weightedSum([-1]),
  Add: weightedSum([1, 1]),
  Sub: weightedSum([1, -1]),
  Sum: sum,
  Mean: average,
  Mul: multiply,
  Div: divide,
  Sqrt: ofConstant(rootRange),
  Reciprocal: ofConstant(reciprocalRange),
  BatchNormalization: batchNormalization,
  MatMul: matMul,
  Gemm: gemm,
  Einsum: einsum,
  ReduceSum: reduction(false),
  ReduceMean: reduction(true),
  GlobalAveragePool: globalAverage,
  CumSum: runningSum,
};
