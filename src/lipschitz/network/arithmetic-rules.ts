// Arithmetic with constants, sums of values, and normalisation by stored statistics (ONNX, operator set 20).
import { invalidArgument } from '../../errors.ts';
import type { Node, Shape, Value } from '../../graph/index.ts';
import { isFloat, sizeOf, tensorOf } from '../../graph/index.ts';
import { addDown, addUp, divideDown, divideUp, nextUp, sqrtDown, sqrtUp } from '../../numeric/index.ts';
import type { Form } from './form.ts';
import { combine, constantForm } from './form.ts';
import { broadcastPositions } from './positions.ts';
import { isPowerOfTwo, reciprocalOf } from './powers.ts';
import type { Constant, Reading } from './reading.ts';
import { combined, constantOf, describe, formOf, unsupported } from './reading.ts';
import type { Rule } from './rule.ts';

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

export const ARITHMETIC_RULES: Readonly<Record<string, Rule>> = {
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
};
