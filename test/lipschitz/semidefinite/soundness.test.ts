// No bound below a quotient that is met, on networks of every shape; and every proof agrees with the eigenvalues of the form.
import { describe, expect, it } from 'vitest';
import { type Matrix, matrix, singularValues, symmetricEigen } from '../../../src/linalg/index.ts';
import type { Network } from '../../../src/lipschitz/network/network.ts';
import { globalSlopes } from '../../../src/lipschitz/semidefinite/bounds.ts';
import { isCertified } from '../../../src/lipschitz/semidefinite/certificate.ts';
import { readsNeurons } from '../../../src/lipschitz/semidefinite/certified-bound.ts';
import {
  closedForms,
  diagonalClosedForms,
  eclipseFast,
} from '../../../src/lipschitz/semidefinite/closed-forms.ts';
import { lipsdp } from '../../../src/lipschitz/semidefinite/lipsdp.ts';
import { programOf } from '../../../src/lipschitz/semidefinite/program.ts';
import { rng } from '../../../src/random/index.ts';
import { randomNetwork, steepestQuotient } from './random-networks.ts';

describe('300 random networks, depth 0 to 6, all activations, skip connections', () => {
  it.each([0, 1, 2])('no bound is below a quotient that is met, part %i', (part) => {
    for (let seed = 100 * part; seed < 100 * part + 100; seed++) {
      const key = rng(seed).split('network');
      const network = randomNetwork(key);
      const met = Math.max(
        steepestQuotient(network, key.split('near'), 6, 1e-2),
        steepestQuotient(network, key.split('far'), 2, 1),
      );
      const fast = eclipseFast(network).value;
      const forms = diagonalClosedForms(network).value;
      const layer = lipsdp(network, 'layer').value;
      const neuron = lipsdp(network, 'neuron').value;
      for (const bound of [fast, forms, layer, neuron]) {
        expect(bound, `network ${seed}`).toBeLessThan(Number.POSITIVE_INFINITY);
        expect(met, `network ${seed}`).toBeLessThanOrEqual(bound * (1 + 1e-11));
      }
      // The methods are in order: each relaxation contains the next.
      expect(forms).toBeLessThanOrEqual(fast * (1 + 1e-9));
      expect(neuron).toBeLessThanOrEqual(forms * (1 + 1e-9));
      expect(neuron).toBeLessThanOrEqual(layer * (1 + 1e-6));
    }
  });
});

/** F(lambda, rho) of a network without constant slopes, entry by entry from the definition, in the units of the network. */
function formByDefinition(network: Network, lambda: readonly Float64Array[], rho: number): Matrix {
  const sizes = [network.features, ...network.blocks.map(({ activations }) => activations.length)];
  const starts = sizes.map((_, k) => sizes.slice(0, k).reduce((a, b) => a + b, 0));
  const n = sizes.reduce((a, b) => a + b, 0);
  const f = matrix(n, n);
  const addSquare = (weight: number, left: Float64Array, right: Float64Array) => {
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        f.data[i * n + j]! += (weight / 2) * (left[i]! * right[j]! + right[i]! * left[j]!);
  };
  for (let i = 0; i < network.features; i++) f.data[i * n + i] = 1;
  const rowOf = (terms: ReadonlyMap<number, Matrix>, r: number) => {
    const v = new Float64Array(n);
    for (const [k, w] of terms)
      for (let i = 0; i < w.columns; i++) v[starts[k]! + i]! = w.data[r * w.columns + i]!;
    return v;
  };
  network.blocks.forEach(({ preactivation, activations }, b) => {
    activations.forEach(({ slopes: [low, high] }, j) => {
      const v = rowOf(preactivation.terms, j);
      const at = (slope: number) => v.map((t, i) => (i === starts[b + 1]! + j ? 1 : 0) - slope * t);
      // 2 lambda (delta - low nu)(delta - high nu).
      addSquare(2 * lambda[b]![j]!, at(low), at(high));
    });
  });
  for (let r = 0; r < network.output.rows; r++) {
    const c = rowOf(network.output.terms, r);
    addSquare(-rho, c, c);
  }
  return f;
}

describe('the linear matrix inequality', () => {
  it('holds for the multipliers handed out, checked by eigenvalues of the form written from its definition', () => {
    let checked = 0;
    for (let seed = 0; seed < 60; seed++) {
      const network = randomNetwork(rng(seed).split('network'));
      const narrow = network.blocks.some(({ activations }) =>
        activations.some(({ slopes: [low, high] }) => high - low < 0.05),
      );
      if (network.blocks.length === 0 || narrow) continue;
      const { multipliers, value } = lipsdp(network);
      const smallest = (rho: number) =>
        symmetricEigen(formByDefinition(network, multipliers, rho)).values[0]!;
      // Strictly inside without the output, and lost well above the optimum: by weak duality no rho above 1 / L^2 fits.
      expect(smallest(0)).toBeGreaterThan(0);
      expect(smallest((1 + 1e-5) / value ** 2)).toBeLessThan(0);
      checked++;
    }
    expect(checked).toBeGreaterThan(15);
  });

  it('is accepted only below the largest rho, and close to it', () => {
    for (let seed = 0; seed < 40; seed++) {
      const network = randomNetwork(rng(seed).split('network'));
      const program = programOf(network, globalSlopes(network));
      if (!readsNeurons(program)) continue;
      for (const { lambda, rho } of closedForms(program)) {
        expect(isCertified(program, lambda, rho * (1 - 1e-6))).toBe(true);
        expect(isCertified(program, lambda, rho * (1 + 1e-9))).toBe(false);
        expect(isCertified(program, lambda, Number.NaN)).toBe(false);
        expect(
          isCertified(
            program,
            lambda.map((w) => w.map((t) => -t)),
            rho / 2,
          ),
        ).toBe(false);
      }
    }
  });
});

describe('errors of coefficients', () => {
  it('are covered: the bound holds for every network within them', () => {
    for (let seed = 0; seed < 30; seed++) {
      const key = rng(seed).split('network');
      const network = randomNetwork(key);
      const error = 1e-6;
      const unsure: Network = {
        ...network,
        blocks: network.blocks.map((block) => ({
          ...block,
          preactivation: { ...block.preactivation, coefficientError: error },
        })),
        output: { ...network.output, coefficientError: error },
      };
      // Coefficients pushed outwards, as far as they may be.
      const pushed: Network = {
        ...network,
        blocks: network.blocks.map((block) => ({
          ...block,
          preactivation: { ...block.preactivation, terms: outwards(block.preactivation.terms, error) },
        })),
        output: { ...network.output, terms: outwards(network.output.terms, error) },
      };
      const certain = eclipseFast(network).value;
      const bound = eclipseFast(unsure).value;
      expect(bound).toBeGreaterThan(certain * (1 - 1e-12));
      expect(steepestQuotient(pushed, key.split('pushed'), 4)).toBeLessThanOrEqual(bound * (1 + 1e-11));
      expect(lipsdp(unsure).value).toBeLessThanOrEqual(bound * (1 + 1e-9));
    }
  });

  it('of a linear network: the exact norm of the one pushed outwards', () => {
    const w = matrix(2, 2, Float64Array.of(3, 0, 0, 1));
    const form = {
      rows: 2,
      terms: new Map([[0, w]]),
      bias: new Float64Array(2),
      coefficientError: 0.25,
      biasError: 0,
    };
    const bound = eclipseFast({ features: 2, blocks: [], output: form }).value;
    const worst = singularValues(matrix(2, 2, Float64Array.of(3.25, 0.25, 0.25, 1.25)))[0]!;
    expect(bound).toBeGreaterThanOrEqual(worst);
    expect(bound).toBeLessThanOrEqual(3.5 + 1e-5);
  });
});

function outwards(terms: ReadonlyMap<number, Matrix>, by: number): Map<number, Matrix> {
  return new Map(
    [...terms].map(([k, w]) => [
      k,
      matrix(
        w.rows,
        w.columns,
        w.data.map((t) => t + (t < 0 ? -by : by)),
      ),
    ]),
  );
}
