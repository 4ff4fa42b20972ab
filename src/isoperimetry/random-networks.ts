// Random two-layer ReLU networks, whose kinks lie among the training rows.
import { matrix } from '../linalg/index.ts';
import { integers, normal, type Rng } from '../random/index.ts';
import type { Points } from './family.ts';
import type { SmallNetwork } from './network.ts';
import { innerProducts } from './products.ts';

const WIDTH = 16;

/** a . relu(W x + b) with normal W and a; unit j is 0 at some training row: b_j = -w_j . x. */
export async function randomNetworks(count: number, training: Points, random: Rng): Promise<SmallNetwork[]> {
  const { rows, features } = training;
  const networks: SmallNetwork[] = [];
  for (let k = 0; k < count; k++) {
    const key = random.split(k);
    const weight = matrix(WIDTH, features, normal(key.split('inner'), WIDTH * features));
    const chosen = integers(key.split('rows'), WIDTH, 0, rows);
    const kinks: Points = { rows: WIDTH, features, data: new Float64Array(WIDTH * features) };
    chosen.forEach((i, j) => {
      kinks.data.set(training.data.subarray(i * features, (i + 1) * features), j * features);
    });
    const at = await innerProducts(kinks, weight);
    networks.push({
      name: `random network ${k + 1}`,
      activation: 'relu',
      layers: [
        { weight, bias: Float64Array.from({ length: WIDTH }, (_, j) => -at.data[j * WIDTH + j]!) },
        { weight: matrix(1, WIDTH, normal(key.split('outer'), WIDTH)), bias: new Float64Array(1) },
      ],
    });
  }
  return networks;
}
