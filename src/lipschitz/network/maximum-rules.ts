// Maxima and minima as ReLU blocks: max(a, b) = a + relu(b - a), in a tree over the operands.
import type { Node, Value } from '../../graph/index.ts';
import { numbersOf, sizeOf, tensorOf } from '../../graph/index.ts';
import { RELU } from '../../intervals/index.ts';
import type { Form } from './form.ts';
import { combine } from './form.ts';
import { axisOf, broadcastPositions, positions, stridesOf } from './positions.ts';
import type { Reading } from './reading.ts';
import { activated, describe, formOf, unsupported } from './reading.ts';
import type { Rule } from './rule.ts';
import { poolSweeps, tapsOf } from './window-rules.ts';

/**
 * Row i of the result is the largest (sign 1) or least (sign -1) of the rows groups[i] of the form: with sign s,
 * a + s relu(s (b - a)) pair by pair. A group of k rows costs k - 1 neurons in ceil(log2 k) blocks; comparisons that
 * the constants decide cost none.
 */
function extremum(
  what: string,
  form: Form,
  groups: readonly (readonly number[])[],
  sign: 1 | -1,
  reading: Reading,
): Form {
  let candidates = form;
  let rest = groups.map((group) => constantsFirst(group, form));
  while (rest.some((group) => group.length > 1)) {
    const pairs = rest.flatMap((group) =>
      Array.from({ length: group.length >> 1 }, (_, i) => [group[2 * i]!, group[2 * i + 1]!] as const),
    );
    const winners = round(what, candidates, pairs, sign, reading);
    // Rows of the next round: the winners, then the rows that had no partner.
    const alone = rest.map((group) => (group.length % 2 === 1 ? group.at(-1)! : -1));
    const kept = alone.filter((row) => row >= 0);
    const stacked = stack(what, [winners, pickedRows(what, candidates, kept, reading)], reading);
    let [nextWinner, nextKept] = [0, winners.rows];
    rest = rest.map((group, g) => [
      ...Array.from({ length: group.length >> 1 }, () => nextWinner++),
      ...(alone[g]! >= 0 ? [nextKept++] : []),
    ]);
    candidates = stacked;
  }
  return pickedRows(
    what,
    candidates,
    rest.map(([row]) => row!),
    reading,
  );
}

/** The better row of each pair. */
function round(
  what: string,
  form: Form,
  pairs: readonly (readonly [number, number])[],
  sign: 1 | -1,
  reading: Reading,
): Form {
  const size = () => reading.offsets.at(-1)!;
  const gaps = (of: readonly (readonly [number, number])[]) =>
    combine(what, [form], of.length, size(), (row, add) => {
      add(0, of[row]![1], sign);
      add(0, of[row]![0], -sign);
    });
  const all = gaps(pairs);
  /** 1 where the second row always wins, -1 where the first does, 0 where the input decides. */
  const decided = pairs.map((_, i) => {
    const depends = all.start[i] !== all.start[i + 1] || all.coefficientError[i]! > 0;
    if (depends || Math.abs(all.bias[i]!) < all.biasError[i]!) return 0;
    return all.bias[i]! > 0 ? 1 : -1;
  });
  const open = pairs.filter((_, i) => decided[i] === 0);
  let next = 0;
  const place = decided.map((d) => (d === 0 ? next++ : -1));
  const gap = open.length === pairs.length ? all : open.length > 0 ? gaps(open) : undefined;
  const rise = gap && activated(what, gap, () => new Array(gap.rows).fill(RELU), 'Relu', reading);
  return combine(what, rise ? [form, rise] : [form], pairs.length, size(), (row, add) => {
    const [a, b] = pairs[row]!;
    add(0, decided[row] === 1 ? b : a, 1);
    if (decided[row] === 0) add(1, place[row]!, sign);
  });
}

/** Rows without coefficients before the others: c + relu(x - c) has fewer terms than x + relu(c - x). */
function constantsFirst(group: readonly number[], form: Form): number[] {
  const constant = (row: number) => form.start[row] === form.start[row + 1];
  return [...group.filter(constant), ...group.filter((row) => !constant(row))];
}

function pickedRows(what: string, form: Form, rows: readonly number[], reading: Reading): Form {
  return combine(what, [form], rows.length, reading.offsets.at(-1)!, (row, add) => {
    add(0, rows[row]!, 1);
  });
}

function stack(what: string, forms: readonly Form[], reading: Reading): Form {
  const ends = forms.map((_, k) => forms.slice(0, k + 1).reduce((sum, f) => sum + f.rows, 0));
  return combine(what, forms, ends.at(-1)!, reading.offsets.at(-1)!, (row, add) => {
    const k = ends.findIndex((end) => row < end);
    add(k, row - (ends[k]! - forms[k]!.rows), 1);
  });
}

/** The extremum of several operands, element by element. */
function elementwise(sign: 1 | -1): Rule {
  return (node, reading) => {
    const [y] = node.outputs as [Value];
    return [extremumOf(node, node.inputs as readonly Value[], y, sign, reading)];
  };
}

/** The extremum of values that broadcast to y. */
function extremumOf(node: Node, values: readonly Value[], y: Value, sign: 1 | -1, reading: Reading): Form {
  const forms = values.map((value) => formOf(value, reading));
  const first = forms.map((_, k) => forms.slice(0, k).reduce((sum, f) => sum + f.rows, 0));
  const at = values.map((value) => broadcastPositions(value.shape, y.shape));
  const groups = Array.from({ length: sizeOf(y.shape) }, (_, i) => at.map((p, k) => first[k]! + p[i]!));
  const what = describe(node);
  return extremum(what, stack(what, forms, reading), groups, sign, reading);
}

function reduction(sign: 1 | -1): Rule {
  return (node, reading) => {
    const [x, axesInput] = node.inputs as [Value, Value | undefined];
    const listed = axesInput ? numbersOf(tensorOf(axesInput)!).map((a) => axisOf(a, x.shape.length)) : [];
    if (listed.length === 0 && node.attributes.noop_with_empty_axes === 1) return [formOf(x, reading)];
    const axes = listed.length === 0 ? x.shape.map((_, i) => i) : listed;
    return [overAxes(node, x, axes, sign, reading)];
  };
}

function overAxes(node: Node, x: Value, axes: readonly number[], sign: 1 | -1, reading: Reading): Form {
  const strides = stridesOf(x.shape);
  const pick = (values: readonly number[], reduced: boolean) =>
    values.filter((_, i) => axes.includes(i) === reduced);
  const along = positions(pick(x.shape, true), pick(strides, true));
  const groups = Array.from(positions(pick(x.shape, false), pick(strides, false)), (start) =>
    Array.from(along, (step) => start + step),
  );
  return extremum(describe(node), formOf(x, reading), groups, sign, reading);
}

/** Axis by axis, so that windows that overlap share their comparisons; padding never wins and is left out. */
const maxPool: Rule = (node, reading) => {
  const [x] = node.inputs as [Value];
  const shape = [...x.shape];
  let form = formOf(x, reading);
  poolSweeps(node).forEach((sweep, i) => {
    const axis = i + 2;
    const taps = tapsOf(sweep);
    const inner = sizeOf(shape.slice(axis + 1));
    const n = shape[axis]!;
    shape[axis] = sweep.count;
    const groups = Array.from({ length: sizeOf(shape) }, (_, row) => {
      const window = taps[Math.floor(row / inner) % sweep.count]!;
      if (window.length === 0) throw unsupported(node, 'has a window that sees nothing but padding');
      const corner = Math.floor(row / (inner * sweep.count)) * n * inner + (row % inner);
      return window.filter((_, p) => p % 2 === 0).map((cell) => corner + cell * inner);
    });
    form = extremum(describe(node), form, groups, 1, reading);
  });
  return [form];
};

const globalMaximum: Rule = (node, reading) => {
  const [x] = node.inputs as [Value];
  const axes = x.shape.map((_, i) => i).slice(2);
  return [overAxes(node, x, axes, 1, reading)];
};

export const MAXIMUM_RULES: Readonly<Record<string, Rule>> = {
  Max: elementwise(1),
  Min: elementwise(-1),
  ReduceMax: reduction(1),
  ReduceMin: reduction(-1),
  MaxPool: maxPool,
  GlobalMaxPool: globalMaximum,
};
