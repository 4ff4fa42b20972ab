// A network as what certificates see of it: affine forms and elementwise activations, connected forwards in any way.
import { RobustlawError } from '../../errors.ts';
import type { Activation } from '../../intervals/index.ts';
import type { Matrix } from '../../linalg/index.ts';

/**
 * sum_k terms(k) x_k + bias, where x_0 is the input of the network and x_k what its block k computes. Weights merged on
 * reading are rounded: each true coefficient lies within `coefficientError` of the stored one (absent ones are stored
 * zeros), each true bias within `biasError`. Both are 0 where nothing was merged.
 */
export interface AffineForm {
  readonly rows: number;
  /** Block k -> `[rows, size of block k]`. */
  readonly terms: ReadonlyMap<number, Matrix>;
  readonly bias: Float64Array;
  readonly coefficientError: number;
  readonly biasError: number;
}

/** x_k = activations(preactivation), entry by entry. */
export interface Block {
  /** Over x_0 .. x_{k-1}. */
  readonly preactivation: AffineForm;
  /** One for each row. */
  readonly activations: readonly Activation[];
}

/**
 * x_k = phi_k(sum_{j<k} W_kj x_j + b_k) for k = 1..K, f(x_0) = sum_k C_k x_k + c. Sequential, residual and densely
 * connected networks of dense, convolutional and pooling layers all have this form; `blocks[k - 1]` computes x_k.
 */
export interface Network {
  /** Entries of x_0. */
  readonly features: number;
  readonly blocks: readonly Block[];
  readonly output: AffineForm;
}

/** The form W x_k + bias, without rounding. */
export function affine(k: number, w: Matrix, bias: Float64Array = new Float64Array(w.rows)): AffineForm {
  return { rows: w.rows, terms: new Map([[k, w]]), bias, coefficientError: 0, biasError: 0 };
}

/**
 * The network W_L phi(... phi(W_1 x + b_1) ...) + b_L.
 *
 * @param weights W_1..W_L, `[n_i, n_{i-1}]`.
 * @param biases b_1..b_L; zero by default.
 * @throws shape-mismatch when the matrices do not follow one another.
 */
export function chain(
  weights: readonly Matrix[],
  activation: Activation,
  biases: readonly Float64Array[] = weights.map((w) => new Float64Array(w.rows)),
): Network {
  weights.forEach((w, i) => {
    const before = weights[i - 1];
    if ((before && before.rows !== w.columns) || biases[i]?.length !== w.rows) {
      throw new RobustlawError(
        'shape-mismatch',
        `weight ${i + 1} is ${w.rows} x ${w.columns} with ${biases[i]?.length ?? 'no'} biases after ${before?.rows ?? w.columns} neurons`,
      );
    }
  });
  const forms = weights.map((w, i) => affine(i, w, biases[i]));
  return {
    features: weights[0]!.columns,
    blocks: forms.slice(0, -1).map((preactivation) => ({
      preactivation,
      activations: new Array<Activation>(preactivation.rows).fill(activation),
    })),
    output: forms.at(-1)!,
  };
}

/** The matrices W_1..W_{K+1} of a network in which every block sees only the one before it; undefined for others. */
export function chainWeights({ blocks, output }: Network): Matrix[] | undefined {
  const forms = [...blocks.map((block) => block.preactivation), output];
  const weights = forms.map(({ terms }, k) => (terms.size === 1 ? terms.get(k) : undefined));
  return weights.every((w) => w !== undefined) ? weights : undefined;
}

/** Entries of x_k. */
export function sizeOfBlock({ features, blocks }: Network, k: number): number {
  return k === 0 ? features : blocks[k - 1]!.activations.length;
}

/** The number of neurons: the entries of all blocks but the input. */
export function neuronCount({ blocks }: Network): number {
  return blocks.reduce((sum, { activations }) => sum + activations.length, 0);
}
