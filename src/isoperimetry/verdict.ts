// What a lower end and an estimate of c mean, in one sentence.
import type { Estimate } from '../guarantee/index.ts';
import type { Refutation, SampleIsoperimetry } from './result.ts';

/** c up to this is taken for a constant, as Definition 1.1 means it, in many dimensions. */
const LARGEST_CONSTANT = 10;

/**
 * The c up to which a sample counts as isoperimetric: min(10, sqrt d). A law on a line or in two clusters has c of the order of d,
 * so in few dimensions 10 would let everything pass; sqrt d lies between 1 and d.
 */
export function largestConstant(d: number): number {
  return Math.min(LARGEST_CONSTANT, Math.sqrt(d));
}

/** A fair coin on two distant points, as the plainest law that does not concentrate. */
export interface ClusterPower {
  /** The c that its tails show. */
  readonly constant: number;
  /** The c below which it would be refuted with as many held-out rows. */
  readonly refutable: number;
}

/** Where even two distant clusters would pass for isoperimetric, nothing is said for the data either. */
export function verdictOn(
  d: number,
  functions: number,
  heldOutRows: number,
  estimate: Estimate,
  refutation: Refutation | undefined,
  clusters: ClusterPower,
): SampleIsoperimetry['verdict'] {
  const limit = largestConstant(d);
  const counted = `${functions} certified functions on ${heldOutRows} held-out rows`;
  if (refutation && refutation.constant > limit) {
    return {
      kind: 'refuted',
      sentence:
        `Isoperimetry with a constant of at most ${show(limit)} is refuted: every c below ${show(refutation.constant)} ` +
        `contradicts the tails of the function "${refutation.function}" (95 % confidence over ${counted}).`,
    };
  }
  if (clusters.constant <= limit) {
    return {
      kind: 'too few dimensions',
      sentence:
        `${d} ${d === 1 ? 'dimension is' : 'dimensions are'} too few to tell: even two distant clusters have c = ` +
        `${show(clusters.constant)}, and c up to ${show(limit)} counts as isoperimetric. The tails look like c = ${show(estimate.value)}.`,
    };
  }
  if (clusters.refutable <= limit) {
    return {
      kind: 'too few rows',
      sentence:
        `${heldOutRows} held-out rows in ${d} dimensions cannot tell: even for two distant clusters they would refute no c above ` +
        `${show(clusters.refutable)}, and c up to ${show(limit)} counts as isoperimetric.`,
    };
  }
  if (estimate.value > limit) {
    return {
      kind: 'undecided',
      sentence:
        `Undecided: the tails look like c = ${show(estimate.value)}, above ${show(limit)}, but the rows refute only c below ` +
        `${show(refutation?.constant ?? 0)} (95 % confidence over ${counted}).`,
    };
  }
  return {
    kind: 'consistent',
    sentence:
      `Consistent with isoperimetry: none of ${counted} asks for more than c = ${show(estimate.value)}` +
      `${refutation ? `, and c below ${show(refutation.constant)} is refuted` : ''}; c up to ${show(limit)} counts as isoperimetric. ` +
      'Functions that were not tried may ask for more.',
  };
}

/** Where nothing can be measured. */
export function silent(kind: 'too few rows' | 'no spread', rows: number): SampleIsoperimetry['verdict'] {
  const why =
    kind === 'no spread'
      ? `the rows of the training half are all equal (${rows} rows in all)`
      : `${rows} ${rows === 1 ? 'row is' : 'rows are'} too few to refute anything`;
  return { kind, sentence: `No statement on isoperimetry: ${why}.` };
}

function show(value: number): string {
  return value >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
