// A certified upper bound for two-layer networks from the dual of a semidefinite relaxation over activation patterns
// (Raghunathan, Steinhardt and Liang 2018, "Certified defenses against adversarial examples", section 3; for the l2 norm
// Wang, Prakriya and Jha 2022, "A quantitative geometric approach to neural-network smoothness").
import { RobustlawError } from '../../errors.ts';
import type { Graph } from '../../graph/index.ts';
import { type CertifiedUpperBound, GLOBAL } from '../../guarantee/index.ts';
import { gram, matrix, spectralNormUpper } from '../../linalg/index.ts';
import { addUp, multiplyUp, nextUp, normEnclosure } from '../../numeric/index.ts';
import { rng } from '../../random/index.ts';
import { readNetwork } from '../network/read.ts';
import { mixing } from './mixing.ts';
import type { TwoLayer } from './two-layer.ts';
import { asTwoLayer, gradientRows } from './two-layer.ts';

export const SEMIDEFINITE = 'semidefinite relaxation over activation patterns';

/**
 * For f(x) = sum_l a_l h_l(w_l . x + b_l) + v . x + c in the Euclidean norm: every gradient is sum_i s_i R_i with
 * |s_i| <= 1 (gradientRows), and by Cauchy and Schwarz, for any weights p_i > 0,
 *
 *     |sum_i s_i R_i| = |(R / p)^T (p s)| <= |diag(1/p) R|_2 |p|.
 *
 * The least of these bounds over p is the dual of the relaxation max tr(R R^T X), X >= 0, X_ii = 1, and at most
 * sqrt(pi/2) = 1.2533 times the largest |sum_i s_i R_i| over signs s (Nesterov 1998). The weights come from the mixing
 * method and need not be optimal: the bound is certified by one spectral norm, rounding accounted for. Infinity where a
 * product of two weights overflows, or a slope is not bounded.
 *
 * @param g The graph of one sample.
 * @throws unsupported-op when the network is not of this form; as readNetwork().
 */
export function twoLayerBound(g: Graph): CertifiedUpperBound {
  const network = asTwoLayer(readNetwork(g));
  if (!network) {
    throw new RobustlawError(
      'unsupported-op',
      'this bound takes one hidden layer and one output; use compositionBound',
    );
  }
  return twoLayerBoundOf(network);
}

/** twoLayerBound() of a network already read. */
export function twoLayerBoundOf(network: TwoLayer): CertifiedUpperBound {
  const { rows, error, exponent } = gradientRows(network);
  const d = rows.columns;
  if (!rows.data.every((v) => Number.isFinite(v))) return upperBound(Number.POSITIVE_INFINITY);
  // The start of the mixing method decides nothing that the certificate does not check, so its key may be fixed.
  const { multipliers } = mixing(gram(rows), rng('mixing method'));
  const largest = Math.sqrt(multipliers.reduce((max, v) => Math.max(max, v), 0));
  // Weights far below the largest cost nothing and keep the quotients finite.
  const weights = multipliers.map((v) => Math.max(Math.sqrt(Math.max(0, v)), 1e-6 * largest) || 1);
  const divided = matrix(
    rows.rows,
    d,
    rows.data.map((v, i) => v / weights[Math.floor(i / d)]!),
  );
  // |A + E|_2 <= |A|_2 + |E|_F, with E the rounding of the rows and of the division.
  const slack = divided.data.map((v, i) =>
    nextUp(nextUp(error[i]! / weights[Math.floor(i / d)]!) + 2 ** -52 * Math.abs(v)),
  );
  const norm = addUp(spectralNormUpper(divided), normEnclosure(slack)[1]);
  return upperBound(multiplyUp(multiplyUp(norm, normEnclosure(weights)[1]), 2 ** exponent));
}

function upperBound(value: number): CertifiedUpperBound {
  return { kind: 'upper', value, norm: 'l2', domain: GLOBAL, method: SEMIDEFINITE, arithmetic: 'float64' };
}
