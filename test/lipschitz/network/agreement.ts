// The engine's float64 evaluation of a graph against the network that was read from it.
import { type Graph, nameOf, sizeOf, toFloat } from '../../../src/graph/index.ts';
import { evaluateNetwork } from '../../../src/lipschitz/network/evaluate.ts';
import type { Network } from '../../../src/lipschitz/network/network.ts';
import { readNetwork } from '../../../src/lipschitz/network/read.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { compile } from '../../../src/runtime/index.ts';

/** The largest difference between network and engine over some random inputs, relative to the largest output. */
export async function disagreement(
  g: Graph,
  network: Network = readNetwork(g),
  scale = 1,
  points = 3,
): Promise<number> {
  const g64 = toFloat(g, 'float64');
  const [x] = g64.inputs;
  const [name] = Object.keys(g.outputs);
  const program = await compile(g64);
  let worst = 0;
  for (let i = 0; i < points; i++) {
    const point = Float64Array.from(normal(rng(`point ${i}`), sizeOf(x!.shape)), (v) => v * scale);
    const expected = (await program.run({ [nameOf(x!)!]: point }))[name!] as Float64Array;
    const got = evaluateNetwork(network, point);
    if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
    const size = expected.reduce((max, v) => Math.max(max, Math.abs(v)), 1e-300);
    expected.forEach((v, j) => {
      const difference = Math.abs(v - got[j]!) / size;
      if (!(difference <= worst)) worst = difference;
    });
  }
  await program.dispose();
  return worst;
}
