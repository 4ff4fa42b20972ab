// Constant folding of elementwise arithmetic: numbers for floating point, bigints for integers, which wrap to their width.
import { RobustlawError } from '../errors.ts';
import type { Fold } from './fold-elements.ts';
import { store } from './fold-elements.ts';
import { broadcastIndex } from './strides.ts';
import type { DataType, Tensor } from './tensor.ts';
import { allocate, isFloat, sizeOf } from './tensor.ts';

/** Output elements from input elements, all as numbers (floating point) or all as bigints (integers). */
function elementwise(
  float: ((...x: number[]) => number) | undefined,
  integer: ((...x: bigint[]) => bigint | undefined) | undefined,
): Fold {
  return ({ inputs, types: [type] }) => {
    const operands = inputs.map((t) => ({ data: t!.data, at: broadcastIndex(t!.shape, type!.shape) }));
    const out = allocate(type!.dtype, sizeOf(type!.shape));
    if (isFloat(inputs[0]!.dtype)) {
      if (!float) return undefined;
      for (let i = 0; i < out.length; i++)
        store(out, i, float(...operands.map(({ data, at }) => Number(data[at[i]!]))));
      return [out];
    }
    if (!integer) return undefined;
    for (let i = 0; i < out.length; i++) {
      const result = integer(...operands.map(({ data, at }) => BigInt(data[at[i]!]!)));
      if (result === undefined) return undefined;
      store(out, i, result);
    }
    return [out];
  };
}

const sameBoth = (rule: (a: number | bigint, b: number | bigint) => boolean): Fold =>
  elementwise(
    (a, b) => Number(rule(a!, b!)),
    (a, b) => BigInt(rule(a!, b!)),
  );

const logical = (rule: (a: boolean, b: boolean) => boolean): Fold =>
  elementwise(undefined, (a, b) => BigInt(rule(a !== 0n, b !== 0n)));

function nonZero(divisor: bigint): bigint {
  if (divisor === 0n) throw new RobustlawError('malformed-file', 'an integer is divided by zero');
  return divisor;
}

/** Remainder with the sign of the divisor, as Python's %, or with `fmod` of the dividend, as C's. */
const mod: Fold = (application) => {
  const fmod = application.attributes.fmod === 1;
  const floored = (a: bigint, b: bigint) => ((a % nonZero(b)) + b) % b;
  return elementwise(
    fmod ? (a, b) => a! % b! : undefined,
    fmod ? (a, b) => a! % nonZero(b!) : (a, b) => floored(a!, b!),
  )(application);
};

const extremum = (better: (a: number | bigint, b: number | bigint) => boolean): Fold =>
  elementwise(
    // NaN wins, as in every runtime.
    (...x) => x.reduce((a, b) => (Number.isNaN(a) || better(a, b) ? a : b)),
    (...x) => x.reduce((a, b) => (better(a, b) ? a : b)),
  );

/** Where's condition is bool and its branches are anything: elements are copied as they are. */
const where: Fold = ({ inputs, types: [type] }) => {
  const [condition, a, b] = inputs as [Tensor, Tensor, Tensor];
  const [atCondition, atA, atB] = [condition, a, b].map((t) => broadcastIndex(t.shape, type!.shape));
  const out = allocate(type!.dtype, sizeOf(type!.shape));
  for (let i = 0; i < out.length; i++)
    store(out, i, condition.data[atCondition![i]!] ? a.data[atA![i]!]! : b.data[atB![i]!]!);
  return [out];
};

const RANGES: Readonly<Partial<Record<DataType, readonly [number, number]>>> = {
  int8: [-(2 ** 7), 2 ** 7 - 1],
  uint8: [0, 2 ** 8 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63 - 1024],
};

const cast: Fold = ({ inputs: [x], types: [type] }) => {
  const out = allocate(type!.dtype, x!.data.length);
  const range = isFloat(x!.dtype) ? RANGES[type!.dtype] : undefined;
  for (let i = 0; i < out.length; i++) {
    const value = x!.data[i]!;
    if (type!.dtype === 'bool') store(out, i, Number(Number(value) !== 0));
    else if (isFloat(type!.dtype)) store(out, i, Number(value));
    else if (typeof value === 'bigint' || !range) store(out, i, BigInt(value));
    else {
      const whole = Math.trunc(value);
      if (!(whole >= range[0] && whole <= range[1])) return undefined;
      store(out, i, BigInt(whole));
    }
  }
  return [out];
};

export const ELEMENTWISE_FOLDS: readonly (readonly [op: string, fold: Fold])[] = [
  [
    'Add',
    elementwise(
      (a, b) => a! + b!,
      (a, b) => a! + b!,
    ),
  ],
  [
    'Sub',
    elementwise(
      (a, b) => a! - b!,
      (a, b) => a! - b!,
    ),
  ],
  [
    'Mul',
    elementwise(
      (a, b) => a! * b!,
      (a, b) => a! * b!,
    ),
  ],
  [
    'Div',
    elementwise(
      (a, b) => a! / b!,
      (a, b) => a! / nonZero(b!),
    ),
  ],
  ['Mod', mod],
  ['Min', extremum((a, b) => a <= b)],
  ['Max', extremum((a, b) => a >= b)],
  [
    'Neg',
    elementwise(
      (x) => -x!,
      (x) => -x!,
    ),
  ],
  [
    'Abs',
    elementwise(
      (x) => Math.abs(x!),
      (x) => (x! < 0n ? -x! : x!),
    ),
  ],
  ['Sqrt', elementwise((x) => Math.sqrt(x!), undefined)],
  ['Reciprocal', elementwise((x) => 1 / x!, undefined)],
  ['Floor', elementwise((x) => Math.floor(x!), undefined)],
  ['Ceil', elementwise((x) => Math.ceil(x!), undefined)],
  ['Equal', sameBoth((a, b) => a === b)],
  ['Greater', sameBoth((a, b) => a > b)],
  ['GreaterOrEqual', sameBoth((a, b) => a >= b)],
  ['Less', sameBoth((a, b) => a < b)],
  ['LessOrEqual', sameBoth((a, b) => a <= b)],
  ['And', logical((a, b) => a && b)],
  ['Or', logical((a, b) => a || b)],
  ['Not', elementwise(undefined, (a) => BigInt(a === 0n))],
  ['Where', where],
  ['Cast', cast],
];
