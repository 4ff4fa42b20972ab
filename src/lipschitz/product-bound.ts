// The product of layer norms: the first certified upper bound on a Lipschitz constant (Szegedy et al. 2014, section 4.3).
import type { Graph } from '../graph/index.ts';
import { type CertifiedUpperBound, GLOBAL, type Norm } from '../guarantee/index.ts';
import { lipschitzOf } from '../intervals/index.ts';
import { multiplyUp, nextUp } from '../numeric/index.ts';
import type { Layer, Sequential } from './layers.ts';
import { sequential } from './layers.ts';
import { operatorNormUpper } from './norms.ts';

export const PRODUCT_OF_NORMS: Readonly<Record<Norm, string>> = {
  l1: 'product of largest column sums',
  l2: 'product of spectral norms',
  linf: 'product of largest row sums',
};

/**
 * Lip(f) <= prod_i ||W_i|| over the layers of a sequential network, rounding accounted for. Exact for one dense layer
 * up to rounding; for deep or wide networks often far too large.
 *
 * @throws unsupported-op naming the operator for other graphs; invalid-argument when a weight is not finite.
 */
export function productBound(g: Graph, norm: Norm = 'l2'): CertifiedUpperBound {
  return productBoundOf(sequential(g), norm);
}

/** productBound() of a network already read. */
export function productBoundOf(network: Sequential, norm: Norm): CertifiedUpperBound {
  const value = network.layers.reduce((product, layer) => multiplyUp(product, layerNorm(layer, norm)), 1);
  return {
    kind: 'upper',
    value,
    norm,
    domain: GLOBAL,
    method: PRODUCT_OF_NORMS[norm],
    arithmetic: 'float64',
  };
}

function layerNorm(layer: Layer, norm: Norm): number {
  switch (layer.kind) {
    case 'dense':
      return operatorNormUpper(layer.matrix, norm);
    case 'diagonal': {
      const largest = layer.scale.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
      // A quotient was rounded; 1 and -1 never are.
      return largest === 1 ? 1 : nextUp(largest);
    }
    case 'activation':
      return lipschitzOf(layer.activation);
  }
}
