// How the parameters of a training are stored between steps: small ones together, very wide weights in blocks, others each alone.
import type { Shape, TensorData, Value } from '../graph/index.ts';
import { concat, input, reshape, sizeOf, split, weightsInColumns } from '../graph/index.ts';
import type { ModelFamily } from '../models/index.ts';
import type { Constraint } from './constraint.ts';
import { isWeight } from './objective.ts';
import type { Optimiser } from './optimiser.ts';

/** An array that is updated as one: a parameter under its own name, several small ones, or a block of columns of a weight. */
export interface Group {
  readonly name: string;
  /** In their order in the array. */
  readonly members: readonly string[];
  readonly shape: Shape;
  /** The first column of the block. */
  readonly from?: number;
}

/** What is updated, and how. */
interface Updated {
  readonly family: ModelFamily;
  readonly optimiser: Optimiser;
  readonly constraint?: Constraint;
}

type Shapes = ModelFamily['parameterShapes'];

/** Entries up to which a node costs more than its arithmetic. */
const SMALL = 2 ** 14;

/**
 * Columns of a block. A row of 1024 numbers, or of another multiple, is a page of memory: the rows of a panel then contend
 * for the same few places of a cache, and its product takes a tenth more time, a third where others use the cache.
 */
const BLOCK = 512;

/** Rows from which it shows. */
const MANY_ROWS = 128;

/**
 * The groups of the parameters of a plan. An optimiser takes some ten nodes for each, which is most of the step of a small
 * network: small ones go into one, or where it knows weights, these into one and the rest into another. A constraint needs
 * weights one by one and whole.
 */
export function groupsOf({ family, optimiser, constraint }: Updated): readonly Group[] {
  const shapes = Object.entries(family.parameterShapes).map(([name, shape]) => ({ name, shape }));
  const small = shapes.filter((p) => sizeOf(p.shape) <= SMALL && !(constraint && isWeight(p)));
  const alike = optimiser.knowsWeights
    ? [small.filter(isWeight), small.filter((p) => !isWeight(p))]
    : [small];
  const together = alike.filter((members) => members.length > 1);
  const packed = new Set(together.flat().map(({ name }) => name));
  const wide = constraint ? new Set() : wideWeights(family);
  return [
    ...together.map((members): Group => {
      const size = members.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
      const weights = optimiser.knowsWeights && isWeight(members[0]!);
      return {
        name: weights ? 'small weights' : 'small parameters',
        members: members.map(({ name }) => name),
        shape: weights ? [1, size] : [size],
      };
    }),
    ...shapes
      .filter(({ name }) => !packed.has(name))
      .flatMap(({ name, shape }): Group[] =>
        wide.has(name) ? blocksOf(name, shape) : [{ name, members: [name], shape }],
      ),
  ];
}

function blocksOf(name: string, [rows, columns]: Shape): Group[] {
  return Array.from({ length: columns! / BLOCK }, (_, i) => ({
    name: `${name} from ${i * BLOCK}`,
    members: [name],
    shape: [rows!, BLOCK],
    from: i * BLOCK,
  }));
}

/** Names of the weights whose products may be made by blocks, and gain by it. */
function wideWeights(family: ModelFamily): Set<string> {
  const names = Object.entries(family.parameterShapes)
    .filter(([, [rows, columns, ...more]]) => {
      const matrix = columns !== undefined && more.length === 0;
      return matrix && rows! >= MANY_ROWS && columns > BLOCK && columns % BLOCK === 0;
    })
    .map(([name]) => name);
  if (names.length === 0) return new Set();
  const values = (shapes: Shapes) =>
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, 'float32', shape)]));
  const weights = { ...values(family.parameterShapes), ...values(family.statisticShapes) };
  const x = input('x', 'float32', [2, ...family.inputShape]);
  const output = family.forwardInTraining?.(x, weights).output ?? family.forward(x, weights);
  const inColumns = weightsInColumns([output]);
  return new Set(names.filter((name) => inColumns.has(weights[name]!)));
}

/** The parameters of a family as values, from those of its groups. */
export function parametersOf(
  groups: readonly (Group & { readonly value: Value })[],
  { parameterShapes }: ModelFamily,
): Record<string, Value> {
  const parts = new Map<string, Value[]>();
  for (const { value, members } of groups) {
    const alone = members.length === 1;
    const pieces = alone
      ? [value]
      : split(
          value,
          value.shape.length - 1,
          members.map((name) => sizeOf(parameterShapes[name]!)),
        );
    for (const [i, name] of members.entries()) {
      const piece = alone ? pieces[i]! : reshape(pieces[i]!, parameterShapes[name]!);
      parts.set(name, [...(parts.get(name) ?? []), piece]);
    }
  }
  return Object.fromEntries(Object.keys(parameterShapes).map((name) => [name, concat(parts.get(name)!, 1)]));
}

/** Numbers that stand together in an array of a group and in one of a parameter. */
interface Stretch {
  readonly parameter: string;
  /** Where they begin in the array of the group, and in that of the parameter. */
  readonly inGroup: number;
  readonly inParameter: number;
  readonly length: number;
}

function stretchesOf({ members, shape, from }: Group, shapes: Shapes): Stretch[] {
  if (from !== undefined) {
    const [parameter] = members as readonly [string];
    const [rows, columns] = shapes[parameter] as readonly [number, number];
    return Array.from({ length: rows }, (_, row) => ({
      parameter,
      inGroup: row * shape[1]!,
      inParameter: row * columns + from,
      length: shape[1]!,
    }));
  }
  const sizes = members.map((name) => sizeOf(shapes[name]!));
  return members.map((parameter, i) => ({
    parameter,
    inGroup: sizes.slice(0, i).reduce((sum, size) => sum + size, 0),
    inParameter: 0,
    length: sizes[i]!,
  }));
}

/** The arrays of parameters from those of their groups: views of them, or copies of what is in blocks. */
export function ungrouped(
  groups: readonly Group[],
  shapes: Shapes,
  arrayOf: (group: string) => TensorData,
): Record<string, TensorData> {
  const arrays: Record<string, TensorData> = {};
  for (const group of groups) {
    const array = arrayOf(group.name);
    for (const { parameter, inGroup, inParameter, length } of stretchesOf(group, shapes)) {
      const piece = array.subarray(inGroup, inGroup + length);
      const size = sizeOf(shapes[parameter]!);
      if (length === size) arrays[parameter] = piece;
      else {
        arrays[parameter] ??= array instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
        arrays[parameter].set(piece as never, inParameter);
      }
    }
  }
  return arrays;
}

/** Writes arrays of parameters over those of their groups. */
export function regroup(
  groups: readonly Group[],
  shapes: Shapes,
  arrayOf: (group: string) => TensorData,
  given: (parameter: string) => TensorData,
): void {
  for (const group of groups) {
    const array = arrayOf(group.name);
    for (const { parameter, inGroup, inParameter, length } of stretchesOf(group, shapes)) {
      array.set(given(parameter).subarray(inParameter, inParameter + length) as never, inGroup);
    }
  }
}
