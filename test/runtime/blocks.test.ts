import { afterAll, describe, expect, it, vi } from 'vitest';
import type { Graph } from '../../src/graph/index.ts';
import { conv, graph, input, sizeOf, topological } from '../../src/graph/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { blockLength, findBlock } from '../../src/runtime/blocks.ts';
import { compile, disposeIdleSessions } from '../../src/runtime/index.ts';

const refusals = vi.hoisted(() => ({ on: false, count: 0 }));

// An ONNX Runtime that knows no blocked kernels, once `refusals.on`.
vi.mock('../../src/runtime/onnxruntime.ts', async (original) => {
  const actual = await original<typeof import('../../src/runtime/onnxruntime.ts')>();
  return {
    ...actual,
    createSession: (model: Uint8Array, threads: number) => {
      if (refusals.on && new TextDecoder('latin1').decode(model).includes('nchwc')) {
        refusals.count += 1;
        return Promise.reject(new Error('no such kernel'));
      }
      return actual.createSession(model, threads);
    },
  };
});

afterAll(() => disposeIdleSessions());

/** The block length that a lowered graph was made for: that of the reshaped kernel; undefined for a plain one. */
function blockOf(g: Graph): number | undefined {
  const nodes = topological(Object.values(g.outputs));
  if (!nodes.some(({ op }) => op.domain !== undefined)) return undefined;
  return nodes.find(({ op, outputs }) => op.name === 'Reshape' && outputs[0]!.shape.length >= 5)!.outputs[0]!
    .shape[1];
}

/** A machine whose plain convolution gives ones and whose blocked one gives `blocked(length)`. */
const machine = (blocked: (length: number) => number) => async (g: Graph) => {
  const block = blockOf(g);
  return new Float32Array(sizeOf(g.outputs.y!.shape)).fill(block === undefined ? 1 : blocked(block));
};

describe('the length of a block', () => {
  it('is the one that gives what the plain convolution gives', async () => {
    expect(await findBlock(machine((length) => (length === 16 ? 1 : 2)))).toBe(16);
    expect(await findBlock(machine((length) => (length === 8 ? 1 : 2)))).toBe(8);
  });

  it('is none where every result is wrong, not a number, or short', async () => {
    expect(await findBlock(machine(() => 1.01))).toBeUndefined();
    expect(await findBlock(machine(() => Number.NaN))).toBeUndefined();
    expect(await findBlock(machine(() => Number.POSITIVE_INFINITY))).toBeUndefined();
    const short = async (g: Graph) => (blockOf(g) ? new Float32Array(1).fill(1) : machine(() => 1)(g));
    expect(await findBlock(short)).toBeUndefined();
  });

  it('is none where a probe is wrong', async () => {
    for (const wrong of [3, 2]) {
      const half = async (g: Graph) => {
        const spoilt = blockOf(g) !== undefined && g.inputs[1]!.shape[2] === wrong;
        return new Float32Array(sizeOf(g.outputs.y!.shape)).fill(spoilt ? 2 : 1);
      };
      expect(await findBlock(half)).toBeUndefined();
    }
  });

  it('is none where the kernels are missing, or where nothing runs at all', async () => {
    const missing = (g: Graph) =>
      blockOf(g) ? Promise.reject(new Error('no such kernel')) : machine(() => 1)(g);
    expect(await findBlock(missing)).toBeUndefined();
    expect(await findBlock(() => Promise.reject(new Error('no memory')))).toBeUndefined();
  });
});

it('a graph whose blocked form ONNX Runtime refuses is computed plainly, with the same numbers', async () => {
  const [x, w] = [input('x', 'float32', [8, 16, 14, 14]), input('w', 'float32', [16, 16, 3, 3])];
  const g = graph([x, w], { y: conv(x, w, undefined, { pads: [1, 1, 1, 1] }) });
  const feeds = Object.fromEntries(
    g.inputs.map((value, i) => [
      ['x', 'w'][i]!,
      Float32Array.from(normal(rng('blocks').split(i), sizeOf(value.shape))),
    ]),
  );
  const values = async () => {
    const program = await compile(g);
    const { y } = await program.run(feeds);
    await program.dispose();
    return y as Float32Array;
  };
  const expected = await values();
  await disposeIdleSessions();
  refusals.on = true;
  try {
    const got = await values();
    // Nothing is refused where the machine has no blocked kernels.
    expect(refusals.count).toBe((await blockLength(g)) === undefined ? 0 : 1);
    for (const [i, value] of got.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-4);
  } finally {
    refusals.on = false;
  }
  // One entry of the result by the definition of a convolution: first image, second filter, row 3, column 5.
  let sum = 0;
  for (let c = 0; c < 16; c++)
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++)
        sum += feeds.x![c * 196 + (2 + i) * 14 + 4 + j]! * feeds.w![144 + c * 9 + 3 * i + j]!;
  expect(expected[196 + 3 * 14 + 5]).toBeCloseTo(sum, 4);
});
