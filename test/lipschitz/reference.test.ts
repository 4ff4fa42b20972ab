// Published and recomputed constants: generated networks with a known answer, and the example networks of other tools.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelFromOnnx } from '../../src/graph/index.ts';
import { readModel } from '../../src/graph/onnx-file/index.ts';
import { upperEnd } from '../../src/guarantee/index.ts';
import { RELU } from '../../src/intervals/index.ts';
import { matrix, spectralNormUpper, symmetricEigen } from '../../src/linalg/index.ts';
import { exactLipschitz } from '../../src/lipschitz/exact/exact.ts';
import { evaluateNetwork } from '../../src/lipschitz/network/evaluate.ts';
import { chain, type Network } from '../../src/lipschitz/network/network.ts';
import { readNetwork } from '../../src/lipschitz/network/read.ts';
import { diagonalClosedForms, eclipseFast } from '../../src/lipschitz/semidefinite/closed-forms.ts';
import { lipsdp } from '../../src/lipschitz/semidefinite/lipsdp.ts';
import { rng } from '../../src/random/index.ts';
import { afterSeconds, whenDone } from '../../src/stop.ts';
import { eclipseNetwork, normOfProduct } from './eclipse-networks.ts';

describe('the ECLipsE networks, n = 80', () => {
  it.each([
    [2, 0.87498, 0.8426, 0.92463],
    [5, 0.41804, 0.80891, 0.90501],
    [10, 0.6808, 0.82895, 0.91412],
    [20, 4.0232, 0.76481, 0.88079],
    [30, 0.0098846, 0.73718, 0.86368],
    [50, 0.057491, 0.66941, 0.82335],
  ])(
    'L = %i',
    (layers, product, exact, fast) => {
      const weights = eclipseNetwork(80, layers);
      const own = weights.reduce((norm, w) => norm * spectralNormUpper(w), 1);
      expect(own / product).toBeCloseTo(1, 4);
      const truth = normOfProduct(weights);
      expect(truth / own).toBeCloseTo(exact, 5);
      const network = chain(weights, RELU);
      const bound = eclipseFast(network).value;
      expect(bound / own).toBeCloseTo(fast, 5);
      expect(bound).toBeGreaterThanOrEqual(truth);
      // Anytime: however little time, between the truth and the closed form.
      const neuron = lipsdp(network, 'neuron', afterSeconds(1)).value;
      expect(neuron).toBeGreaterThanOrEqual(truth * (1 - 1e-12));
      expect(neuron).toBeLessThanOrEqual(bound);
    },
    60_000,
  );
});

describe('LipSDP-Network', () => {
  it('certifies that relu(x) - relu(x - 1) is constant, which it is not: it is no upper bound', () => {
    // Theorem 2 of Fazlyab et al. 2019: [A; B]^T [[-2 a b T, (a + b) T], [(a + b) T, -2 T]] [A; B] + diag(-L^2, C^T C) <= 0,
    // slopes in [a, b] = [0, 1], in the variables (x, p1, p2); T = zeta (e1 - e2)(e1 - e2)^T couples the two neurons.
    const [zeta, L] = [0.5, 0];
    const [w, c] = [
      [1, 1],
      [1, -1],
    ];
    const t = [
      [zeta, -zeta],
      [-zeta, zeta],
    ];
    const form = matrix(3, 3);
    form.data[0] = -(L ** 2);
    for (let i = 0; i < 2; i++) {
      const coupled = t[i]!.reduce((sum, entry, j) => sum + entry * w![j]!, 0);
      form.data[1 + i] = form.data[3 * (1 + i)] = coupled;
      for (let j = 0; j < 2; j++) form.data[3 * (1 + i) + 1 + j] = c![i]! * c![j]! - 2 * t[i]![j]!;
    }
    expect(Math.max(...symmetricEigen(form).values)).toBeLessThanOrEqual(1e-15);

    // Yet it rises from 0 to 1 between 0 and 1. LipSDP-Neuron knows better.
    const network = chain([matrix(2, 1, Float64Array.of(1, 1)), matrix(1, 2, Float64Array.of(1, -1))], RELU, [
      Float64Array.of(0, -1),
      Float64Array.of(0),
    ]);
    const [at0, at1] = [0, 1].map((x) => evaluateNetwork(network, Float64Array.of(x))[0]!);
    expect(at1! - at0!).toBe(1);
    expect(lipsdp(network, 'neuron').value).toBeGreaterThanOrEqual(1);
  });
});

const folder = process.env.ROBUSTLAW_REFERENCE;
const given = folder !== undefined && existsSync(join(folder, 'nets'));
if (!given) console.warn('skipped: set ROBUSTLAW_REFERENCE to a folder with nets/ and vnncomp/');

function netOf(name: string): Network {
  const { weights, biases } = JSON.parse(readFileSync(join(folder!, 'nets', `${name}.json`), 'utf8')) as {
    weights: number[][][];
    biases?: number[][];
  };
  return chain(
    weights.map((w) => matrix(w.length, w[0]!.length, Float64Array.from(w.flat()))),
    RELU,
    biases?.map((b) => Float64Array.from(b)),
  );
}

/** Equal to six significant digits. */
function agree(value: number, reference: number): void {
  expect(Math.abs(value / reference - 1)).toBeLessThan(5e-7);
}

describe.skipIf(!given)('example networks of other tools', () => {
  it.each([
    ['lipsdp_random', 39.838622676, 36.48222974, 39.901499998927356],
    ['lipsdp_mnist', 26.255972912, 24.3663489, 26.80886944384304],
    ['exlipbab_iris', undefined, 11.6353401, 13.014835],
  ])('%s: LipSDP-Layer, LipSDP-Neuron, ECLipsE-Fast', (name, layer, neuron, fast) => {
    const network = netOf(name);
    if (layer) agree(lipsdp(network, 'layer').value, layer);
    agree(lipsdp(network, 'neuron').value, neuron);
    agree(eclipseFast(network).value, fast);
  });

  it('lipsdp_random: the diagonal closed form', () => {
    agree(diagonalClosedForms(netOf('lipsdp_random')).value, 37.724235);
  });

  it.each([
    ['lipsdp_random', 36.48222959637795],
    ['exlipbab_iris', 11.634355134114875],
  ])('%s: exact', async (name, truth) => {
    const { upper, lower } = await exactLipschitz(netOf(name), 'l2', { kind: 'global' }, rng(1), whenDone);
    expect(upper.kind).toBe('exact');
    agree(upper.value, truth);
    expect(lower.value).toBeLessThanOrEqual(truth * (1 + 1e-12));
    expect(upperEnd(upper)).toBeGreaterThanOrEqual(truth * (1 - 1e-12));
  });

  it('mnist-net_256x2: at most 350.99 in two minutes', () => {
    const model = modelFromOnnx(readModel(join(folder!, 'vnncomp', 'mnist-net_256x2.onnx')));
    const network = readNetwork(model.forBatch(1));
    agree(eclipseFast(network).value, 554.88184);
    agree(diagonalClosedForms(network).value, 545.96343);
    expect(lipsdp(network, 'neuron', afterSeconds(110)).value).toBeLessThanOrEqual(350.99);
  }, 200_000);
});
