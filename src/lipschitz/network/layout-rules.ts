// Operators that arrange the elements of their inputs: every output element is one input element, or zero.
import type { Node, Shape, Value } from '../../graph/index.ts';
import { numbersOf, sizeOf, tensorOf } from '../../graph/index.ts';
import { axisOf, broadcastPositions, positions, stridesOf } from './positions.ts';
import { combined, formOf, unsupported } from './reading.ts';
import type { Rule } from './rule.ts';

/** The numbers of an input that says how to arrange the others; the builders accept constants only. */
const parameters = (node: Node, i: number): number[] | undefined => {
  const value = node.inputs[i];
  const t = value && tensorOf(value);
  if (value && !t) throw unsupported(node, `takes input ${i} from the data`);
  return t && numbersOf(t);
};

/** From which element of the first input each output element comes; -1 for a zero. */
function picking(sources: (node: Node, x: Value) => readonly Int32Array[]): Rule {
  return (node, reading) => {
    const x = node.inputs[0]!;
    const form = formOf(x, reading);
    return sources(node, x).map((at, i) =>
      combined(node.outputs[i]!, [form], reading, (row, add) => {
        if (at[row]! >= 0) add(0, at[row]!, 1);
      }),
    );
  };
}

const transpose = picking((node, { shape }) => {
  const strides = stridesOf(shape);
  const order = (node.attributes.perm as readonly number[] | undefined) ?? shape.map((_, i) => i).reverse();
  return [
    positions(
      node.outputs[0]!.shape,
      order.map((axis) => strides[axis]!),
    ),
  ];
});

const expand = picking((node, { shape }) => [broadcastPositions(shape, node.outputs[0]!.shape)]);

const slice = picking((node, { shape }) => {
  const starts = parameters(node, 1)!;
  const axes = parameters(node, 3) ?? starts.map((_, i) => i);
  const steps = parameters(node, 4) ?? starts.map(() => 1);
  const strides = stridesOf(shape);
  const stepped = [...strides];
  let offset = 0;
  starts.forEach((given, i) => {
    const axis = axisOf(axes[i]!, shape.length);
    const n = shape[axis]!;
    const start = given < 0 ? given + n : given;
    offset += strides[axis]! * Math.min(Math.max(start, 0), steps[i]! > 0 ? n : n - 1);
    stepped[axis] = strides[axis]! * steps[i]!;
  });
  return [positions(node.outputs[0]!.shape, stepped, offset)];
});

const split = picking((node, { shape }) => {
  const axis = axisOf((node.attributes.axis as number | undefined) ?? 0, shape.length);
  const strides = stridesOf(shape);
  let start = 0;
  return node.outputs.map((part) => {
    const at = positions(part.shape, strides, start * strides[axis]!);
    start += part.shape[axis]!;
    return at;
  });
});

const gather = picking((node, { shape }) => {
  const axis = axisOf((node.attributes.axis as number | undefined) ?? 0, shape.length);
  const n = shape[axis]!;
  const wanted = parameters(node, 1)!.map((i) => axisOf(i, n));
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  const at = new Int32Array(outer * wanted.length * inner);
  let next = 0;
  for (let o = 0; o < outer; o++)
    for (const w of wanted) for (let i = 0; i < inner; i++) at[next++] = (o * n + w) * inner + i;
  return [at];
});

const gatherElements = picking((node, { shape }) => {
  const axis = axisOf((node.attributes.axis as number | undefined) ?? 0, shape.length);
  const indices = parameters(node, 1)!;
  const strides = stridesOf(shape);
  const base = positions(
    node.outputs[0]!.shape,
    strides.map((stride, i) => (i === axis ? 0 : stride)),
  );
  return [base.map((start, i) => start + axisOf(indices[i]!, shape[axis]!) * strides[axis]!)];
});

const gatherND = picking((node, { shape }) => {
  const batch = (node.attributes.batch_dims as number | undefined) ?? 0;
  const indices = node.inputs[1]!.shape;
  const depth = indices.at(-1)!;
  const values = parameters(node, 1)!;
  const strides = stridesOf(shape);
  const inner = sizeOf(shape.slice(batch + depth));
  const count = values.length / Math.max(depth, 1);
  const perBatch = sizeOf(indices.slice(batch, -1));
  const ofBatch = positions(shape.slice(0, batch), strides.slice(0, batch));
  const at = new Int32Array(sizeOf(node.outputs[0]!.shape));
  for (let k = 0; k < count; k++) {
    let start = ofBatch[Math.floor(k / perBatch)]!;
    for (let i = 0; i < depth; i++)
      start += axisOf(values[k * depth + i]!, shape[batch + i]!) * strides[batch + i]!;
    for (let i = 0; i < inner; i++) at[k * inner + i] = start + i;
  }
  return [at];
});

const tile = picking((node, { shape }) => {
  const strides = stridesOf(shape);
  return [sourcesBy(node.outputs[0]!.shape, (index, axis) => (index % shape[axis]!) * strides[axis]!)];
});

/** The upper or lower triangle of the last two axes. */
const triangle = picking((node, { shape }) => {
  const k = parameters(node, 1)?.[0] ?? 0;
  const upper = node.attributes.upper !== 0;
  const [rows, columns] = shape.slice(-2) as [number, number];
  return [
    Int32Array.from({ length: sizeOf(shape) }, (_, p) => {
      const [i, j] = [Math.floor(p / columns) % rows, p % columns];
      return (upper ? j - i >= k : j - i <= k) ? p : -1;
    }),
  ];
});

/** Sum over axes of `source(index, axis)`; -1 where one of them is negative. */
function sourcesBy(shape: Shape, source: (index: number, axis: number) => number): Int32Array {
  let at = Int32Array.of(0);
  shape.forEach((n, axis) => {
    const along = Array.from({ length: n }, (_, i) => source(i, axis));
    const next = new Int32Array(at.length * n);
    for (let i = 0; i < at.length; i++)
      for (let j = 0; j < n; j++) next[i * n + j] = at[i]! < 0 || along[j]! < 0 ? -1 : at[i]! + along[j]!;
    at = next;
  });
  return at;
}

const pad: Rule = (node, reading) => {
  const [x, , fill] = node.inputs as [Value, Value, Value | undefined];
  const [y] = node.outputs as [Value];
  const { shape } = x;
  const pads = parameters(node, 1)!;
  const axes = parameters(node, 3)?.map((axis) => axisOf(axis, shape.length)) ?? shape.map((_, i) => i);
  const before = shape.map((_, axis) => (axes.includes(axis) ? pads[axes.indexOf(axis)]! : 0));
  const mode = (node.attributes.mode as string | undefined) ?? 'constant';
  const strides = stridesOf(shape);
  const at = sourcesBy(y.shape, (index, axis) => {
    const source = padSource(index - before[axis]!, shape[axis]!, mode);
    return source < 0 ? -1 : source * strides[axis]!;
  });
  const forms = [formOf(x, reading), ...(fill ? [formOf(fill, reading)] : [])];
  return [
    combined(y, forms, reading, (row, add) => {
      if (at[row]! >= 0) add(0, at[row]!, 1);
      else if (fill) add(1, 0, 1);
    }),
  ];
};

/** The cell of an axis of length n that a cell of the padded axis repeats; -1 for none. */
function padSource(position: number, n: number, mode: string): number {
  if (mode === 'constant') return position >= 0 && position < n ? position : -1;
  if (mode === 'edge') return Math.min(Math.max(position, 0), n - 1);
  if (mode === 'wrap') return ((position % n) + n) % n;
  const period = Math.max(2 * (n - 1), 1);
  const folded = ((position % period) + period) % period;
  return folded < n ? folded : period - folded;
}

const concat: Rule = (node, reading) => {
  const [y] = node.outputs as [Value];
  const inputs = node.inputs as readonly Value[];
  const axis = axisOf(node.attributes.axis as number, y.shape.length);
  const inner = sizeOf(y.shape.slice(axis + 1));
  const whole = y.shape[axis]! * inner;
  const parts = inputs.flatMap((value, k) => new Array<number>(value.shape[axis]!).fill(k));
  const begins = inputs.map((_, k) => inputs.slice(0, k).reduce((sum, v) => sum + v.shape[axis]!, 0));
  return [
    combined(
      y,
      inputs.map((value) => formOf(value, reading)),
      reading,
      (row, add) => {
        const rest = row % whole;
        const k = parts[Math.floor(rest / inner)]!;
        const part = inputs[k]!.shape[axis]! * inner;
        add(k, Math.floor(row / whole) * part + rest - begins[k]! * inner, 1);
      },
    ),
  ];
};

/** Two values by a constant condition. */
const where: Rule = (node, reading) => {
  const [condition, ...branches] = node.inputs as [Value, Value, Value];
  const [y] = node.outputs as [Value];
  const truth = tensorOf(condition);
  if (!truth) throw unsupported(node, 'chooses by a condition that depends on the input');
  const [atCondition, ...at] = [condition, ...branches].map((v) => broadcastPositions(v.shape, y.shape));
  return [
    combined(
      y,
      branches.map((value) => formOf(value, reading)),
      reading,
      (row, add) => {
        const k = truth.data[atCondition![row]!] ? 0 : 1;
        add(k, at[k]![row]!, 1);
      },
    ),
  ];
};

/** Updates written or added to places that constant indices name. */
function scattering(places: (node: Node, target: Value, indices: readonly number[]) => Int32Array): Rule {
  return (node, reading) => {
    const [target, , updates] = node.inputs as [Value, Value, Value];
    const reduction = (node.attributes.reduction as string | undefined) ?? 'none';
    if (reduction !== 'none' && reduction !== 'add') throw unsupported(node, `reduces by "${reduction}"`);
    const written = new Map<number, number[]>();
    places(node, target, parameters(node, 1)!).forEach((place, update) => {
      const earlier = reduction === 'add' ? (written.get(place) ?? []) : [];
      written.set(place, [...earlier, update]);
    });
    return [
      combined(node.outputs[0]!, [formOf(target, reading), formOf(updates, reading)], reading, (row, add) => {
        const own = written.get(row);
        if (!own || reduction === 'add') add(0, row, 1);
        for (const update of own ?? []) add(1, update, 1);
      }),
    ];
  };
}

const scatterElements = scattering((node, { shape }, indices) => {
  const axis = axisOf((node.attributes.axis as number | undefined) ?? 0, shape.length);
  const strides = stridesOf(shape);
  const base = positions(
    node.inputs[1]!.shape,
    strides.map((stride, i) => (i === axis ? 0 : stride)),
  );
  return base.map((start, i) => start + axisOf(indices[i]!, shape[axis]!) * strides[axis]!);
});

const scatterND = scattering((node, { shape }, indices) => {
  const depth = node.inputs[1]!.shape.at(-1)!;
  const strides = stridesOf(shape);
  const inner = sizeOf(shape.slice(depth));
  return Int32Array.from({ length: sizeOf(node.inputs[2]!.shape) }, (_, p) => {
    const k = Math.floor(p / inner) * depth;
    let start = p % inner;
    for (let i = 0; i < depth; i++) start += axisOf(indices[k + i]!, shape[i]!) * strides[i]!;
    return start;
  });
});

export const LAYOUT_RULES: Readonly<Record<string, Rule>> = {
  Transpose: transpose,
  Expand: expand,
  Slice: slice,
  Split: split,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Tile: tile,
  Trilu: triangle,
  Pad: pad,
  Concat: concat,
  Where: where,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
};
