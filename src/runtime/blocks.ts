// How many channels ONNX Runtime puts in a block of its blocked convolutions, which depends on the processor.
import type { Graph } from '../graph/index.ts';
import {
  constant,
  conv,
  encode,
  graph,
  input,
  lowerForRuntime,
  nameOf,
  sizeOf,
  tensor,
  topological,
} from '../graph/index.ts';
import { createSession } from './onnxruntime.ts';

/** The block lengths of the processors that ONNX Runtime has such kernels for (AVX-512 and NEON, AVX and AVX2). */
const CANDIDATES = [16, 8] as const;

/** Found once per thread: it is a property of the processor and of the installed ONNX Runtime. */
let found: Promise<number | undefined> | undefined;

/** The block length for a graph; undefined where it has no convolution, or this machine no blocked ones that work. */
export async function blockLength(g: Graph): Promise<number | undefined> {
  const convolves = topological(Object.values(g.outputs)).some(
    ({ op }) => op.name === 'Conv' || op.name === 'ConvTranspose',
  );
  if (!convolves) return undefined;
  found ??= findBlock(outputOf);
  return found;
}

/**
 * The block length with which blocked convolutions give what the plain ones give, on every probe.
 *
 * The kernels are no public interface of ONNX Runtime. Where they are missing, refuse the graph or mean something else
 * (another block length, another order of weights), no length agrees and they are left alone. A length of 16 on a
 * processor whose blocks hold 8 is safe to try: the probes have whole blocks of either, or less than one.
 *
 * @param run the output of a graph, as outputOf().
 */
export async function findBlock(run: (g: Graph) => Promise<Float32Array>): Promise<number | undefined> {
  try {
    const expected = await Promise.all(PROBES.map((probe) => run(lowerForRuntime(probe))));
    for (const block of CANDIDATES) {
      const got = await Promise.all(PROBES.map((probe) => run(lowerForRuntime(probe, block)))).catch(
        () => undefined,
      );
      if (got?.every((values, p) => agree(values, expected[p]!))) return block;
    }
  } catch {
    // Not even the plain convolution ran; whoever compiles the graph will hear why.
  }
  return undefined;
}

/** A square convolution, one in which no two lengths, strides or pads are alike, and one of channels that fill no block. */
const PROBES: readonly Graph[] = [
  probe([1, 32, 32, 32], [32, 32, 3, 3], [1, 1, 1, 1], [1, 1]),
  probe([3, 48, 24, 37], [16, 48, 2, 3], [1, 0, 0, 2], [2, 1]),
  probe([3, 5, 24, 37], [12, 5, 2, 3], [1, 0, 0, 2], [1, 2]),
];

/** Both the image and the kernel are fed, as in training; the bias tells the filters apart. */
function probe(x: readonly number[], w: readonly number[], pads: number[], strides: number[]): Graph {
  const [image, kernel] = [input('x', 'float32', x), input('w', 'float32', w)];
  const bias = tensor('float32', [w[0]!], wave(w[0]!));
  return graph([image, kernel], { y: conv(image, kernel, constant(bias), { pads, strides }) });
}

/** Sums of some 300 products of order 1: rounding is near 1e-5, a wrong order of the weights near 10. */
function agree(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => Math.abs(value - b[i]!) < 1e-3);
}

/** The one output of a graph for fixed inputs of order 1. */
async function outputOf(g: Graph): Promise<Float32Array> {
  const session = await createSession(encode(g), 1);
  const { y } = g.outputs;
  const out = { dtype: 'float32' as const, shape: y!.shape, data: new Float32Array(sizeOf(y!.shape)) };
  const feeds = g.inputs.map((value) => {
    const { shape } = value;
    return [nameOf(value)!, { dtype: 'float32' as const, shape, data: wave(sizeOf(shape)) }] as const;
  });
  try {
    await session.run(Object.fromEntries(feeds), { y: out });
  } finally {
    await session.release();
  }
  return out.data;
}

function wave(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(12.9898 * i));
}
