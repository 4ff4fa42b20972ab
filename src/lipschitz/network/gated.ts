// Activations that exporters write out as x times a gate: SiLU, Gelu in both forms, HardSwish and Mish, recognised as
// polynomials in x and the gate, so that the order of factors and the place of constants do not matter.
import type { Node, Value } from '../../graph/index.ts';
import { numbersOf, sameShape, sizeOf, tensorOf } from '../../graph/index.ts';
import type { Activation, Range } from '../../intervals/index.ts';
import { GELU, GELU_TANH, HARD_SWISH, MISH, SILU } from '../../intervals/index.ts';
import { nextDown, nextUp } from '../../numeric/index.ts';
import { isPowerOfTwo } from './powers.ts';

/** outer activation(inner x): constants that are rounded in the file scale exactly, up to the width of these ranges. */
export interface Scaled {
  readonly from: Value;
  readonly activation: Activation;
  readonly inner: Range;
  readonly outer: Range;
}

/** x^i gate^j -> coefficient, by `i,j`. */
type Polynomial = ReadonlyMap<string, Range>;

const GATES: ReadonlySet<string> = new Set(['Sigmoid', 'Tanh', 'Erf', 'Clip', 'HardSigmoid']);
const POLYNOMIAL: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Pow', 'Identity']);
/** Nodes looked at from a product downwards, and the highest degree: Gelu takes fewer. */
const MOST_NODES = 24;
const HIGHEST_DEGREE = 4;

/** The gated activation that ends in this node; undefined for any other node. */
export function gatedOf(node: Node): Scaled | undefined {
  const [a, b] = node.inputs;
  if (node.op.name !== 'Mul' || !a || !b || tensorOf(a) || tensorOf(b)) return undefined;
  const [y] = node.outputs as [Value];
  for (const gate of below([a, b])) {
    if (!GATES.has(gate.node.op.name)) continue;
    const argument = gate.node.inputs[0]!;
    // Mish: the gate is tanh(softplus(x)).
    const start = argument.node.op.name === 'Softplus' ? argument.node.inputs[0]! : argument;
    for (const x of below([start])) {
      if (!sameShape(x.shape, y.shape)) continue;
      const product = expand(y, x, gate);
      const found = product && recognised(product, gate, x);
      if (found) return { from: x, ...found };
    }
  }
  return undefined;
}

/** The values from which polynomial operators make these, nearest first. */
function below(values: readonly Value[]): Value[] {
  const found = new Set(values);
  for (const value of found) {
    if (found.size >= MOST_NODES) break;
    if (!POLYNOMIAL.has(value.node.op.name)) continue;
    for (const next of value.node.inputs) if (next && !tensorOf(next)) found.add(next);
  }
  return [...found];
}

type Recognised = Omit<Scaled, 'from'>;

function recognised(product: Polynomial, gate: Value, x: Value): Recognised | undefined {
  const k = product.get('1,1');
  if (!k) return undefined;
  // k x gate, or k x (1 + gate).
  const plain = product.size === 1;
  const shifted = product.size === 2 && isExactly(product.get('1,0'), k);
  const { node } = gate;
  const argument = node.inputs[0]!;
  if (argument.node.op.name === 'Softplus') {
    const s = linear(expand(argument.node.inputs[0]!, x, gate));
    return node.op.name === 'Tanh' && plain && s ? scaled(MISH, s, k) : undefined;
  }
  const inside = expand(argument, x, gate);
  const slope = linear(inside);
  switch (node.op.name) {
    case 'Sigmoid':
      return plain && slope ? scaled(SILU, slope, k) : undefined;
    case 'Erf':
      // k x (1 + erf(c x)) = 2 k x Phi(sqrt(2) c x).
      return shifted && slope ? scaled(GELU, times(slope, around(Math.SQRT2)), times(k, [2, 2])) : undefined;
    case 'Tanh':
      if (!shifted || !inside) return undefined;
      // (1 + tanh(c x)) / 2 is the logistic function of 2 c x.
      if (slope) return scaled(SILU, times(slope, [2, 2]), times(k, [2, 2]));
      return tanhGelu(inside, k);
    case 'HardSigmoid': {
      const { alpha = Math.fround(0.2), beta = 0.5 } = node.attributes as Record<string, number>;
      if (!plain || !slope || beta !== 0.5) return undefined;
      return scaled(HARD_SWISH, times(slope, times([alpha, alpha], [6, 6])), k);
    }
    case 'Clip':
      return plain && inside ? hardSwish(node, inside, k) : undefined;
    default:
      return undefined;
  }
}

/** k x h(s x) / x as a scaled unit: with u = s x, k x gate(u) = (k / s) unit(u). */
function scaled(activation: Activation, s: Range, k: Range): Recognised | undefined {
  return s[0] > 0 || s[1] < 0 ? { activation, inner: s, outer: times(k, inverse(s)) } : undefined;
}

/** k x clip(c x + high / 2, 0, high) = k high x clip((c / high) x + 1/2, 0, 1). */
function hardSwish(node: Node, inside: Polynomial, k: Range): Recognised | undefined {
  const [low, high] = [1, 2].map((i) => node.inputs[i] && scalarOf(node.inputs[i]));
  const [shift, slope] = [inside.get('0,0'), inside.get('1,0')];
  if (low !== 0 || !high || !(high > 0) || !slope || inside.size !== 2) return undefined;
  if (!isExactly(shift, [high / 2, high / 2])) return undefined;
  const s = times(times(slope, [6, 6]), inverse([high, high]));
  return scaled(HARD_SWISH, s, times(k, [high, high]));
}

const CUBE = 0.044715;

/**
 * k x (1 + tanh(c x + c3 x^3)) with u = s x, s = c / sqrt(2 / pi): the argument is sqrt(2 / pi) (u + cube u^3). Files
 * round both constants to float32, so cube is not quite 0.044715.
 */
function tanhGelu(inside: Polynomial, k: Range): Recognised | undefined {
  const [c, c3] = [inside.get('1,0'), inside.get('3,0')];
  if (inside.size !== 2 || !c || !c3 || !(c[0] > 0)) return undefined;
  const root = around(Math.sqrt(2 / Math.PI));
  const s = times(c, inverse(root));
  const cube = times(c3, inverse(times(root, times(s, times(s, s)))));
  const off = nextUp(Math.max(nextUp(cube[1] - CUBE), nextUp(CUBE - cube[0])) / CUBE);
  if (!(off <= 1e-6)) return undefined;
  return scaled(nearTanhGelu((cube[0] + cube[1]) / 2, off), s, times(k, [2, 2]));
}

/**
 * u (1 + tanh(sqrt(2/pi) (u + cube u^3))) / 2 for a cube within a fraction `off` of 0.044715. With the logistic function
 * s and w = 2 sqrt(2/pi) (u + cube u^3), the derivative by the cube is 2 sqrt(2/pi) u^4 s'(w), at most 0.8, and that of
 * its slope at most 4, so that neither moves by more than `off`.
 */
function nearTanhGelu(cube: number, off: number): Activation {
  const widened = ([low, high]: Range): Range => [nextDown(low - off), nextUp(high + off)];
  const scale = 2 * Math.sqrt(2 / Math.PI);
  return {
    ...GELU_TANH,
    slopes: widened(GELU_TANH.slopes),
    value: (z) => {
      if (Math.abs(z) > 800) return Math.max(0, z);
      const w = scale * z * (1 + cube * z * z);
      return z * (w >= 0 ? 1 / (1 + Math.exp(-w)) : Math.exp(w) / (1 + Math.exp(w)));
    },
    relativeError: 2 * GELU_TANH.relativeError,
    slopesOn: (low, high) => widened(GELU_TANH.slopesOn(low, high)),
    rangeOn: (low, high) => widened(GELU_TANH.rangeOn(low, high)),
  };
}

/** c of a polynomial c x. */
function linear(p: Polynomial | undefined): Range | undefined {
  return p?.size === 1 ? p.get('1,0') : undefined;
}

/** The value as a polynomial in x and the gate; undefined where it holds anything else. */
function expand(
  value: Value,
  x: Value,
  gate: Value,
  known = new Map<Value, Polynomial | undefined>(),
): Polynomial | undefined {
  if (known.has(value)) return known.get(value);
  // Undefined until it is known: too many values are no activation.
  known.set(value, undefined);
  const polynomial = known.size > MOST_NODES ? undefined : expanded(value, x, gate, known);
  known.set(value, polynomial);
  return polynomial;
}

function expanded(
  value: Value,
  x: Value,
  gate: Value,
  known: Map<Value, Polynomial | undefined>,
): Polynomial | undefined {
  if (value === x) return new Map([['1,0', [1, 1]]]);
  if (value === gate) return new Map([['0,1', [1, 1]]]);
  const c = scalarOf(value);
  if (c !== undefined) return c === 0 ? new Map() : new Map([['0,0', [c, c]]]);
  const { op, inputs } = value.node;
  if (!POLYNOMIAL.has(op.name)) return undefined;
  const p = expand(inputs[0]!, x, gate, known);
  if (!p) return undefined;
  if (op.name === 'Identity') return p;
  if (op.name === 'Neg') return product(p, new Map([['0,0', [-1, -1]]]));
  if (op.name === 'Pow') {
    const exponent = scalarOf(inputs[1]!);
    if (exponent !== 2 && exponent !== 3) return undefined;
    const square = product(p, p);
    return square && exponent === 3 ? product(square, p) : square;
  }
  const q = expand(inputs[1]!, x, gate, known);
  if (!q) return undefined;
  switch (op.name) {
    case 'Add':
      return sum(p, q);
    case 'Sub': {
      const negated = product(q, new Map([['0,0', [-1, -1]]]));
      return negated && sum(p, negated);
    }
    case 'Mul':
      return product(p, q);
    default: {
      const divisor = q.size === 1 ? q.get('0,0') : undefined;
      return divisor && product(p, new Map([['0,0', inverse(divisor)]]));
    }
  }
}

function sum(p: Polynomial, q: Polynomial): Polynomial {
  const result = new Map(p);
  for (const [key, c] of q) {
    const before = result.get(key);
    result.set(key, before ? plus(before, c) : c);
  }
  return result;
}

function product(p: Polynomial, q: Polynomial): Polynomial | undefined {
  let result: Polynomial = new Map();
  for (const [left, a] of p) {
    for (const [right, b] of q) {
      const [i, j] = [0, 1].map((n) => Number(left.split(',')[n]) + Number(right.split(',')[n])) as [
        number,
        number,
      ];
      if (i + j > HIGHEST_DEGREE) return undefined;
      result = sum(result, new Map([[`${i},${j}`, times(a, b)]]));
    }
  }
  return result;
}

/** The finite number behind a constant of one element. */
function scalarOf(value: Value): number | undefined {
  const t = sizeOf(value.shape) === 1 ? tensorOf(value) : undefined;
  const number = t && numbersOf(t)[0]!;
  return number !== undefined && Number.isFinite(number) ? number : undefined;
}

const around = (x: number): Range => [nextDown(nextDown(x)), nextUp(nextUp(x))];

/** Whether both are the same number, without rounding. */
const isExactly = (a: Range | undefined, b: Range): boolean =>
  a !== undefined && a[0] === a[1] && b[0] === b[1] && a[0] === b[0];

function plus(a: Range, b: Range): Range {
  const [low, high] = [a[0] + b[0], a[1] + b[1]];
  // The sum of two numbers is exact where it gives both back.
  const exact = a[0] === a[1] && b[0] === b[1] && low - a[0] === b[0] && low - b[0] === a[0];
  return exact ? [low, low] : [nextDown(low), nextUp(high)];
}

function times(a: Range, b: Range): Range {
  const ends = [a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const float32 = (x: number) => Math.fround(x) === x;
  const doubles = [a, b].some(([l, h]) => l === h && (Math.abs(l) === 1 || Math.abs(l) === 2));
  const exact = doubles || (low === high && [a[0], b[0]].every(float32));
  return exact ? [low, high] : [nextDown(low), nextUp(high)];
}

/** 1 / a for a range without zero. */
function inverse([low, high]: Range): Range {
  if (low === high && isPowerOfTwo(low)) return [1 / low, 1 / low];
  return [nextDown(1 / high), nextUp(1 / low)];
}
