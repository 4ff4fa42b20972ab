// Rules of MatMul, Gemm and Einsum by products of interval matrices.
import type { Node, Shape } from '../../graph/index.ts';
import { affineIndex, broadcastIndex, sizeOf, stridesOf } from '../../graph/index.ts';
import type { Box, Rule } from '../box.ts';
import { emptyBox, picked } from '../box.ts';
import { product, productDown, productUp } from '../product.ts';
import { addDown, addUp } from '../rounding.ts';
import { stretched } from './arithmetic.ts';

const matMul: Rule = (node, [a, b]) => {
  const [left, right] = node.inputs.map((value) => value!.shape) as [Shape, Shape];
  const rows = left.length === 1 ? [1, left[0]!] : left;
  const columns = right.length === 1 ? [right[0]!, 1] : right;
  const [m, k, n] = [rows.at(-2)!, rows.at(-1)!, columns.at(-1)!];
  // One product for all rows before the last axis, where the right factor has no batch.
  if (columns.length === 2) {
    const all = sizeOf(rows.slice(0, -1));
    const out = emptyBox(all * n);
    product({ m: all, k, n }, { box: a!, offset: 0 }, { box: b!, offset: 0 }, false, out, 0);
    return [out];
  }
  const { shape } = node.outputs[0]!;
  const batch = shape.slice(0, shape.length - (left.length === 1 ? 0 : 1) - (right.length === 1 ? 0 : 1));
  const at = (own: readonly number[]) => broadcastIndex(own.slice(0, -2), batch);
  const [atLeft, atRight] = [at(rows), at(columns)];
  const out = emptyBox(sizeOf(batch) * m * n);
  for (let i = 0; i < atLeft.length; i++) {
    const [p, q] = [atLeft[i]! * m * k, atRight[i]! * k * n];
    product({ m, k, n }, { box: a!, offset: p }, { box: b!, offset: q }, false, out, i * m * n);
  }
  return [out];
};

/** The transpose of a matrix. */
function swapped(x: Box, [rows, columns]: readonly number[]): Box {
  return picked(x, affineIndex([columns!, rows!], [1, columns!]));
}

/** factor times each entry; a factor of 1 rounds nothing. */
function scaled(x: Box, factor: number): Box {
  if (factor === 1) return x;
  const out = emptyBox(x.lower.length);
  for (let i = 0; i < out.lower.length; i++) {
    out.lower[i] = productDown(x.lower[i]!, x.upper[i]!, factor, factor);
    out.upper[i] = productUp(x.lower[i]!, x.upper[i]!, factor, factor);
  }
  return out;
}

const gemm: Rule = (node, [a, b, c]) => {
  const { alpha = 1, beta = 1, transA = 0, transB = 0 } = node.attributes as Record<string, number>;
  const left = node.inputs[0]!.shape;
  const [m, n] = node.outputs[0]!.shape as [number, number];
  const k = left[transA ? 0 : 1]!;
  const rows = transA && m > 1 && k > 1 ? swapped(a!, left) : a!;
  const out = emptyBox(m * n);
  product({ m, k, n }, { box: rows, offset: 0 }, { box: b!, offset: 0 }, transB !== 0, out, 0);
  const sum = scaled(out, alpha);
  if (!c || beta === 0) return [sum];
  const addend = scaled(stretched(c, node.inputs[2]!.shape, [m, n]), beta);
  const result = emptyBox(m * n);
  for (let i = 0; i < m * n; i++) {
    result.lower[i] = addDown(sum.lower[i]!, addend.lower[i]!);
    result.upper[i] = addUp(sum.upper[i]!, addend.upper[i]!);
  }
  return [result];
};

// Einsum: operands are contracted one after the other, each pair as a batched product of matrices.

interface Named {
  readonly box: Box;
  readonly names: string;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Names of the axes of each operand and of the result, with `...` spelled out and the result always given. */
function namesOf(node: Node): { operands: string[]; result: string; lengths: Map<string, number> } {
  const [left, right] = (node.attributes.equation as string).replaceAll(' ', '').split('->');
  const terms = left!.split(',');
  const ranks = node.inputs.map((value) => value!.shape.length);
  const hidden = Math.max(0, ...terms.map((t, i) => (t.includes('...') ? ranks[i]! - (t.length - 3) : 0)));
  const unused = [...LETTERS].filter((letter) => !left!.includes(letter) && !right?.includes(letter));
  const dots = unused.slice(0, hidden).join('');
  const operands = terms.map((t, i) =>
    t.replace('...', dots.slice(dots.length - Math.max(0, ranks[i]! - (t.length - 3)))),
  );
  const plainNames = [...left!.replace(/[^a-zA-Z]/g, '')];
  const once = plainNames.filter((letter) => plainNames.filter((l) => l === letter).length === 1).sort();
  const result = right === undefined ? dots + once.join('') : right.replace('...', dots);
  const lengths = new Map<string, number>();
  for (const [i, operand] of operands.entries()) {
    for (const [axis, letter] of [...operand].entries())
      lengths.set(letter, Math.max(lengths.get(letter) ?? 1, node.inputs[i]!.shape[axis]!));
  }
  return { operands, result, lengths };
}

const einsum: Rule = (node, inputs) => {
  const { operands, result, lengths } = namesOf(node);
  const shapeOf = (names: string) => [...names].map((letter) => lengths.get(letter)!);
  // Axes named twice are read along the diagonal; axes of length 1 are stretched.
  const parts: Named[] = inputs.map((x, i) => {
    const { shape } = node.inputs[i]!;
    const names = [...new Set(operands[i]!)].join('');
    const own = stridesOf(shape);
    const strides = [...names].map((letter) =>
      [...operands[i]!].reduce(
        (sum, l, axis) => (l === letter && shape[axis] !== 1 ? sum + own[axis]! : sum),
        0,
      ),
    );
    const index = affineIndex(shapeOf(names), strides);
    return { names, box: index.length === x!.lower.length && isSame(index) ? x! : picked(x!, index) };
  });
  const one: Named = { names: '', box: { lower: Float64Array.of(1), upper: Float64Array.of(1) } };
  const whole = parts.reduce(
    (a, b, i) => {
      const later = parts.slice(i + 1).map((part) => part.names);
      return contracted(a, b, [result, ...later].join(''), shapeOf);
    },
    parts.length === 1 ? one : parts.shift()!,
  );
  return [ordered(whole, result, shapeOf)];
};

const isSame = (index: Int32Array): boolean => index.every((at, i) => at === i);

/** The axes in another order. */
function ordered({ box, names }: Named, order: string, shapeOf: (names: string) => number[]): Box {
  if (names === order) return box;
  const strides = stridesOf(shapeOf(names));
  return picked(
    box,
    affineIndex(
      shapeOf(order),
      [...order].map((letter) => strides[names.indexOf(letter)]!),
    ),
  );
}

/** The product of two operands, summed over the axes that nothing later needs. */
function contracted(a: Named, b: Named, needed: string, shapeOf: (names: string) => number[]): Named {
  const has = (names: string) => (letter: string) => names.includes(letter);
  const lacks = (names: string) => (letter: string) => !names.includes(letter);
  const names = (letters: string[]) => letters.join('');
  const shared = [...a.names].filter(has(b.names));
  const [batch, inner] = [names(shared.filter(has(needed))), names(shared.filter(lacks(needed)))];
  const [left, right] = [summed(a, b.names + needed, shapeOf), summed(b, a.names + needed, shapeOf)];
  const rows = names([...left.names].filter(lacks(b.names)));
  const columns = names([...right.names].filter(lacks(a.names)));
  const size = (letters: string) => sizeOf(shapeOf(letters));
  const sizes = { m: size(rows), k: size(inner), n: size(columns) };
  const [p, q] = [
    ordered(left, batch + rows + inner, shapeOf),
    ordered(right, batch + inner + columns, shapeOf),
  ];
  const each = sizes.m * sizes.n;
  const box = emptyBox(size(batch) * each);
  for (let i = 0; i < size(batch); i++) {
    const factors = [
      { box: p, offset: i * sizes.m * sizes.k },
      { box: q, offset: i * sizes.k * sizes.n },
    ] as const;
    product(sizes, factors[0], factors[1], false, box, i * each);
  }
  return { box, names: batch + rows + columns };
}

/** Summed over the axes that are not in `kept`. */
function summed(x: Named, kept: string, shapeOf: (names: string) => number[]): Named {
  const stay = [...x.names].filter((letter) => kept.includes(letter)).join('');
  const gone = [...x.names].filter((letter) => !kept.includes(letter)).join('');
  if (gone === '') return x;
  const box = ordered(x, stay + gone, shapeOf);
  const [count, each] = [sizeOf(shapeOf(stay)), sizeOf(shapeOf(gone))];
  const out = emptyBox(count);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < each; k++) {
      out.lower[i] = addDown(out.lower[i]!, box.lower[i * each + k]!);
      out.upper[i] = addUp(out.upper[i]!, box.upper[i * each + k]!);
    }
  }
  return { box: out, names: stay };
}

export const PRODUCTS: Readonly<Record<string, Rule>> = { MatMul: matMul, Gemm: gemm, Einsum: einsum };
