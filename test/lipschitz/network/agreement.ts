// The engine's float64 evaluation of a graph against the network that was read from it.
import { type Graph, nameOf, sizeOf, toFloat } from '../../../src/graph/index.ts';
import { evaluateNetwork } from '../../../src/lipschitz/network/evaluate.ts';
import type { Network } from '../../../src/lipschitz/network/network.ts';
import { readNetwork } from '../../../src/lipschitz/network/read.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { compile } from '../../../src/runtime/index.ts';

/** `count` Gaussian points for the input of a graph. */
export function randomPoints(g: Graph, scale = 1, count = 3): Float64Array[] {
  const features = sizeOf(g.inputs[0]!.shape);
  return Array.from({ length: count }, (_, i) =>
    Float64Array.from(normal(rng(`point ${i}`), features), (v) => v * scale),
  );
}

/** The largest difference between network and engine on the points, relative to the largest output on them. */
export async function disagreement(
  g: Graph,
  network: Network = readNetwork(g),
  points: readonly Float64Array[] = randomPoints(g),
): Promise<number> {
  const g64 = toFloat(g, 'float64');
  const [x] = g64.inputs;
  const [name] = Object.keys(g.outputs);
  const program = await compile(g64);
  let [size, worst] = [1e-300, 0];
  for (const point of points) {
    const expected = (await program.run({ [nameOf(x!)!]: point }))[name!] as Float64Array;
    const got = evaluateNetwork(network, point);
    if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
    expected.forEach((v, j) => {
      size = Math.max(size, Math.abs(v));
      const difference = Math.abs(v - got[j]!);
      if (!(difference <= worst)) worst = difference;
    });
  }
  await program.dispose();
  return worst / size;
}
