// Einsum of one or two operands as transposition, summation and one batched matrix product.
import { RobustlawError } from '../errors.ts';
import type { Rule } from './import-call.ts';
import { apply1, attribute, unsupported } from './import-call.ts';
import { required } from './shape.ts';
import { sizeOf } from './tensor.ts';
import type { Value } from './value.ts';
import { int64s } from './value.ts';

/** A value whose axes have labels. */
interface Labelled {
  readonly value: Value;
  readonly labels: readonly string[];
}

/** out[...] = sum over the labels that are not in the output; without `->`, the output has the labels seen once, sorted. */
export const einsum: Rule = (call) => {
  const equation = attribute(call, 'equation', 'string').replaceAll(/\s/g, '');
  const [left, right, ...rest] = equation.split('->');
  const terms = left!.split(',').map((term) => [...term]);
  const wanted = right === undefined ? seenOnce(terms) : [...right];
  const plain = [...terms, wanted].every((labels) => new Set(labels).size === labels.length);
  if (rest.length > 0 || !/^[a-zA-Z,]*$/.test(left! + (right ?? '')) || !plain || call.inputs.length > 2)
    throw unsupported(`Einsum "${equation}"; it must have one or two operands and no repeated or "..." axes`);
  if (terms.length !== call.inputs.length || !wanted.every((label) => terms.flat().includes(label)))
    throw new RobustlawError(
      'malformed-file',
      `the equation "${equation}" does not fit ${call.inputs.length} operands`,
    );
  const operands = terms.map((labels, i): Labelled => {
    const value = required(call.inputs, i);
    if (value.shape.length !== labels.length)
      throw new RobustlawError(
        'shape-mismatch',
        `operand ${i} of "${equation}" has ${value.shape.length} axes`,
      );
    const elsewhere = new Set([...wanted, ...(terms[1 - i] ?? [])]);
    return sumAway({ value, labels }, (label) => !elsewhere.has(label));
  });
  const [a, b] = operands as [Labelled, Labelled | undefined];
  return [arrange(b ? product(a, b, wanted) : a, wanted).value];
};

function seenOnce(terms: readonly (readonly string[])[]): string[] {
  const all = terms.flat();
  return [...new Set(all)].filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort();
}

/** Sums over the axes that `away` names. */
function sumAway({ value, labels }: Labelled, away: (label: string) => boolean): Labelled {
  const axes = labels.flatMap((label, i) => (away(label) ? [i] : []));
  if (axes.length === 0) return { value, labels };
  return {
    value: apply1('ReduceSum', [value, int64s(axes)], { keepdims: 0 }),
    labels: labels.filter((label) => !away(label)),
  };
}

/** The axes in the order of `wanted`. */
function arrange({ value, labels }: Labelled, wanted: readonly string[]): Labelled {
  const perm = wanted.map((label) => labels.indexOf(label));
  return { value: apply1('Transpose', [value], { perm }), labels: wanted };
}

/** Shared labels are batch axes if the output has them and are summed over if not. */
function product(a: Labelled, b: Labelled, wanted: readonly string[]): Labelled {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => wanted.includes(label));
  const inner = shared.filter((label) => !wanted.includes(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const left = arrange(a, [...batch, ...rows, ...inner]);
  const right = arrange(b, [...batch, ...inner, ...columns]);
  const lengths = (labelled: Labelled, labels: readonly string[]) =>
    labels.map((label) => labelled.value.shape[labelled.labels.indexOf(label)]!);
  const matrix = (labelled: Labelled, first: readonly string[], second: readonly string[]) =>
    apply1('Reshape', [
      labelled.value,
      int64s([
        ...lengths(labelled, batch),
        sizeOf(lengths(labelled, first)),
        sizeOf(lengths(labelled, second)),
      ]),
    ]);
  const result = apply1('MatMul', [matrix(left, rows, inner), matrix(right, inner, columns)]);
  const shape = [...result.shape.slice(0, batch.length), ...lengths(left, rows), ...lengths(right, columns)];
  return { value: apply1('Reshape', [result, int64s(shape)]), labels: [...batch, ...rows, ...columns] };
}
