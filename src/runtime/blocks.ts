// How many channels ONNX Runtime puts in a block of its blocked convolutions, which depends on the processor.
import type { Graph } from '../graph/index.ts';
import { conv, encode, graph, input, lowerForRuntime, topological } from '../graph/index.ts';
import { createSession } from './onnxruntime.ts';

/** The block lengths of the processors that ONNX Runtime has such kernels for (AVX-512 and NEON, AVX and AVX2). */
const CANDIDATES = [16, 8] as const;

let found: Promise<number | undefined> | undefined;

/** lowerForRuntime() with the blocked convolutions of this machine, if it has any. */
export async function lowerForMachine(g: Graph): Promise<Graph> {
  const convolves = topological(Object.values(g.outputs)).some(
    ({ op }) => op.name === 'Conv' || op.name === 'ConvTranspose',
  );
  if (!convolves) return lowerForRuntime(g);
  found ??= findBlock();
  return lowerForRuntime(g, await found);
}

/**
 * The block length with which a blocked convolution gives what the plain one gives. The kernels are no public interface
 * of ONNX Runtime: where they are missing or mean something else, no length agrees, and they are left alone.
 */
async function findBlock(): Promise<number | undefined> {
  const [x, w] = [input('x', 'float32', [1, 32, 32, 32]), input('w', 'float32', [32, 32, 3, 3])];
  const probe = graph([x, w], { y: conv(x, w, undefined, { pads: [1, 1, 1, 1] }) });
  const expected = await convolved(lowerForRuntime(probe));
  for (const block of CANDIDATES) {
    const got = await convolved(lowerForRuntime(probe, block)).catch(() => undefined);
    if (got?.every((value, i) => Math.abs(value - expected[i]!) < 1e-3)) return block;
  }
  return undefined;
}

/** The output of the probe for fixed inputs of order 1. */
async function convolved(g: Graph): Promise<Float32Array> {
  const session = await createSession(encode(g), 1);
  const bind = (shape: readonly number[], data: Float32Array) => ({ dtype: 'float32' as const, shape, data });
  const wave = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(12.9898 * i));
  const y = new Float32Array(32 * 32 * 32);
  try {
    await session.run(
      { x: bind([1, 32, 32, 32], wave(y.length)), w: bind([32, 32, 3, 3], wave(32 * 32 * 9)) },
      { y: bind([1, 32, 32, 32], y) },
    );
  } finally {
    await session.release();
  }
  return y;
}
