// Bounds on Jacobians with slopes in known ranges, by bound propagation through the network of derivatives (Shi, Wang,
// Zhang, Hsieh and Kolter, "Efficiently computing local Lipschitz constants of neural networks via bound propagation",
// 2022), here for any activations, any DAG, and l1 besides linf.
import type { Norm } from '../../guarantee/index.ts';
import type { Range } from '../../intervals/index.ts';
import { type Matrix, matrix, transpose } from '../../linalg/index.ts';
import { addUp } from '../../numeric/index.ts';
import type { Stop } from '../../stop.ts';
import type { AffineForm, Network } from '../network/network.ts';
import { sizeOfBlock } from '../network/network.ts';
import { extentOf } from './extent.ts';
import { type Ends, type Method, propagate, rangesOf, type UnitNetwork, upperEndsOf } from './propagation.ts';
import { ABSOLUTE, factorUnit, type Unit } from './unit.ts';

/** The range of the slope of every neuron, by block. */
export type Slopes = readonly (readonly Range[])[];

/** Linear maps D = A diag(s) B ... in which each s_i is any number of its range, one for each source vector. */
export interface DerivativeNetwork {
  /** How many sources: features for derivatives along coordinates, outputs for gradients. */
  readonly sources: number;
  readonly at: (source: number) => UnitNetwork;
}

/**
 * x_0 = e_m: the derivatives along coordinate m, so that the outputs are column m of the Jacobian.
 */
export function tangents(network: Network, slopes: Slopes): DerivativeNetwork {
  const units = unitsOf(slopes);
  const form = (original: AffineForm, m: number): AffineForm => {
    const first = original.terms.get(0);
    const bias = Float64Array.from({ length: original.rows }, (_, r) =>
      first ? first.data[r * first.columns + m]! : 0,
    );
    return constantAdded(without(original), bias, original.coefficientError);
  };
  const without = ({ rows, terms, coefficientError }: AffineForm) => ({
    rows,
    terms: new Map([...terms].filter(([k]) => k !== 0)),
    coefficientError,
  });
  return {
    sources: network.features,
    at: (m) => ({
      blocks: network.blocks.map(({ preactivation }, k) => ({
        preactivation: form(preactivation, m),
        units: units[k]!,
      })),
      output: form(network.output, m),
    }),
  };
}

/**
 * The gradient of output i, block after block from the last: g_K = C_K^T e_i, g_j = sum_k W_kj^T (s_k g_k) + C_j^T e_i; the
 * outputs are row i of the Jacobian.
 */
export function gradients(network: Network, slopes: Slopes): DerivativeNetwork {
  const count = network.blocks.length;
  const units = unitsOf(slopes).toReversed();
  // Of x_count .. x_0, the last being the output; block k becomes block count + 1 - k.
  const forms = Array.from({ length: count + 1 }, (_, at) => {
    const j = count - at;
    const later = network.blocks.slice(j).map(({ preactivation }, i) => ({ k: j + 1 + i, preactivation }));
    const terms = later.flatMap(({ k, preactivation }): [number, Matrix][] => {
      const w = preactivation.terms.get(j);
      return w ? [[count + 1 - k, transpose(w)]] : [];
    });
    return {
      rows: sizeOfBlock(network, j),
      terms: new Map(terms),
      coefficientError: later.reduce(
        (most, { preactivation }) => Math.max(most, preactivation.coefficientError),
        0,
      ),
    };
  });
  return {
    sources: network.output.rows,
    at: (i) => {
      const biased = forms.map((form, at) => {
        const direct = network.output.terms.get(count - at);
        const bias = direct
          ? direct.data.slice(i * direct.columns, (i + 1) * direct.columns)
          : new Float64Array(form.rows);
        return constantAdded(form, bias, network.output.coefficientError);
      });
      return {
        blocks: biased.slice(0, -1).map((preactivation, k) => ({ preactivation, units: units[k]! })),
        output: biased.at(-1)!,
      };
    },
  };
}

const constantAdded = (
  form: Pick<AffineForm, 'rows' | 'terms' | 'coefficientError'>,
  bias: Float64Array,
  biasError: number,
): AffineForm => ({ ...form, bias, biasError });

const unitsOf = (slopes: Slopes): Unit[][] => slopes.map((ranges) => ranges.map(factorUnit));

/** Ranges of the outputs for one source: a column of the Jacobian for tangents, a row for gradients. */
export function derivativeRanges(derivatives: DerivativeNetwork, source: number, method: Method): Ends {
  const { blocks, output } = derivatives.at(source);
  return rangesOf(output, propagate(blocks, NOWHERE, method)!, method);
}

const NOWHERE = { box: extentOf(new Float64Array(0), new Float64Array(0)) };

/** Bounds on every entry of the Jacobian, `[outputs, features]`. */
export function jacobianEnclosure(
  network: Network,
  slopes: Slopes,
  method: Method,
): { lower: Matrix; upper: Matrix } {
  const { features, output } = network;
  const byRows = output.rows <= features;
  const derivatives = byRows ? gradients(network, slopes) : tangents(network, slopes);
  const lower = matrix(derivatives.sources, byRows ? features : output.rows);
  const upper = matrix(lower.rows, lower.columns);
  for (let s = 0; s < derivatives.sources; s++) {
    const ends = derivativeRanges(derivatives, s, method);
    lower.data.set(ends.lower, s * lower.columns);
    upper.data.set(ends.upper, s * lower.columns);
  }
  return byRows ? { lower, upper } : { lower: transpose(lower), upper: transpose(upper) };
}

/** The derivatives whose absolute sums, one for each source, have the operator norm of the Jacobian as their maximum. */
export function summedIn(norm: Exclude<Norm, 'l2'>, network: Network, slopes: Slopes): DerivativeNetwork {
  return norm === 'linf' ? gradients(network, slopes) : tangents(network, slopes);
}

/**
 * Upper bounds on sum |entries| of the outputs, for each source; none exceeds `known`. Only the largest is made as small as
 * the method can: once a source is below one that stays, it is left alone. After `stop`, interval arithmetic has to do.
 */
export function absoluteSums(derivatives: DerivativeNetwork, known: Float64Array, stop: Stop): Float64Array {
  const result = known.slice();
  if (!known.every((v) => v < Infinity)) {
    for (let s = 0; s < result.length; s++) {
      result[s] = Math.min(result[s]!, absoluteSum(derivatives.at(s), 'interval'));
    }
  }
  let largest = 0;
  for (const s of [...result.keys()].sort((a, b) => result[b]! - result[a]!)) {
    if (result[s]! <= largest || stop()) break;
    result[s] = Math.min(result[s]!, absoluteSum(derivatives.at(s), 'linear'));
    largest = Math.max(largest, result[s]!);
  }
  return result;
}

function absoluteSum({ blocks, output }: UnitNetwork, method: Method): number {
  const absolute = { preactivation: output, units: new Array<Unit>(output.rows).fill(ABSOLUTE) };
  const propagated = propagate([...blocks, absolute], NOWHERE, method)!;
  if (method === 'interval') {
    return propagated.extents.at(-1)!.upper.reduce((sum, v) => (v === 0 ? sum : addUp(sum, v)), 0);
  }
  const ones = matrix(1, output.rows, new Float64Array(output.rows).fill(1));
  const sum: AffineForm = {
    rows: 1,
    terms: new Map([[blocks.length + 1, ones]]),
    bias: new Float64Array(1),
    coefficientError: 0,
    biasError: 0,
  };
  return Math.max(0, upperEndsOf(sum, propagated)[0]!);
}
