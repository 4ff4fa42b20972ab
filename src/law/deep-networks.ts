// Deep networks as parametric classes: section 3 of Bubeck and Sellke (arXiv 2105.12806), Lemma 3.1.
import { requireInteger, requirePositive } from '../errors.ts';
import { requireHypothesis } from './hypothesis.ts';
import { checkedClass, type ParametricClass } from './parametric-class.ts';

/**
 * A network of `depth` layers with 1-Lipschitz activations that vanish at 0, forward skip connections and
 * shared weights allowed.
 */
export interface DeepNetwork {
  /** Number of layers D. */
  readonly depth: number;
  /** Number of parameters p; a shared one counts once. */
  readonly p: number;
  /** Every parameter lies in [-bound, bound], bound >= 1. */
  readonly bound: number;
  /** Q, the largest number of matrix entries tied to one parameter; 1 without sharing. */
  readonly sharing: number;
  /** R, the largest norm of an input. With biases the input is (x, 1), carried through the layers: R >= 1. */
  readonly radius: number;
}

/**
 * The class of all such networks: J = R (bound Q p)^D, W = 2 bound sqrt(p) the diameter of the cube. By
 * `universalLaw` a fit then has Lip(f) of order at least sqrt(n d / (D p)) (display (3.1) there). log J is
 * exact where J overflows.
 *
 * The lemma's own chain, J = (bound sqrt(p Q))^D Q R sqrt(p), stays below it for D >= 2; for D = 1 it holds since
 * a linear map moves by at most sqrt(Q) R |w - w'|.
 *
 * @throws hypothesis-violated unless bound >= 1, invalid-argument for numbers that are not positive.
 */
export function deepNetworkClass(network: DeepNetwork): ParametricClass {
  check(network);
  const { depth, p, bound, sharing, radius } = network;
  const logJ = Math.log(radius) + depth * Math.log(bound * sharing * p);
  return checkedClass({ p, W: 2 * bound * Math.sqrt(p), logJ });
}

/**
 * The class of those networks whose layers obey a norm bound: J = B Q R sqrt(p) (Lemma 3.1), W = 2 bound
 * sqrt(p). By `universalLaw` a fit has Lip(f) of order at least sqrt(n d / (p log B)) (display (3.2) there).
 *
 * @param normProduct B, a bound on the product of the spectral norms of any D - 1 and of all D layers, *each layer
 *   varied on its own over the class* (for instance the product of max(1, bound of the layer's norm)). A bound on the
 *   products within single networks is not enough: the proof exchanges layers between two networks one by one, and
 *   a hybrid of two networks may exceed it.
 * @throws as `deepNetworkClass`; hypothesis-violated unless B > 0.
 */
export function normBoundedNetworkClass(network: DeepNetwork, normProduct: number): ParametricClass {
  check(network);
  requireHypothesis(
    normProduct > 0 && Number.isFinite(normProduct),
    LEMMA,
    'a finite norm product B > 0',
    normProduct,
  );
  const { p, bound, sharing, radius } = network;
  const logJ = Math.log(normProduct) + Math.log(sharing) + Math.log(radius) + Math.log(p) / 2;
  return checkedClass({ p, W: 2 * bound * Math.sqrt(p), logJ });
}

function check({ depth, p, bound, sharing, radius }: DeepNetwork): void {
  requireInteger('depth', depth);
  requirePositive('p', p);
  requireInteger('sharing', sharing);
  requirePositive('radius', radius);
  requireHypothesis(bound >= 1 && Number.isFinite(bound), LEMMA, 'weights in [-W, W] with W >= 1', bound);
}

const LEMMA = 'Lemma 3.1 (deep networks)';
