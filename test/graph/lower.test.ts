import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import type { Graph, Node } from '../../src/graph/index.ts';
import * as g from '../../src/graph/index.ts';
import { WITHOUT_FLOAT64_KERNEL } from '../../src/graph/lower.ts';
import { compile } from '../../src/runtime/index.ts';
import { instances } from './ops/instances/index.ts';

/** A few applications of one operator to float64, as graphs that nothing has lowered. */
function samples(name: string): Graph[] {
  return fc.sample(instances[name]!, { numRuns: 3, seed: 7 }).map((one) => {
    const inputs = one.inputs.map(({ shape }, i) => g.input(`x${i}`, 'float64', shape));
    return g.graph(inputs, Object.fromEntries(one.build(inputs).map((value, i) => [`y${i}`, value])));
  });
}

function nodesOf(graph: Graph): Node[] {
  return g.topological(Object.values(graph.outputs));
}

/** What ONNX Runtime says to the graph as it is; undefined if it accepts it. */
async function objection(graph: Graph): Promise<string | undefined> {
  try {
    const session = await ort.InferenceSession.create(g.encode(graph), { logSeverityLevel: 4 });
    await session.release();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the list of operators without a float64 kernel is true', () => {
  test('every operator of the registry has instances to try', () => {
    expect(Object.keys(instances).sort()).toEqual([...g.operators.keys()].sort());
  });

  test.each([...g.operators.keys()])('%s', async (name) => {
    for (const graph of samples(name)) {
      // What is refused in every type says nothing about float64.
      if (nodesOf(graph).some((node) => node.op.refused?.(node))) continue;
      const complaint = await objection(graph);
      if (WITHOUT_FLOAT64_KERNEL.has(name)) {
        expect(complaint, `${name} has gained a float64 kernel: take it off the list`).toMatch(
          /Could not find an implementation|Type Error/,
        );
      } else {
        expect(complaint, `${name} lacks a float64 kernel: list it`).toBeUndefined();
      }
    }
  });
});

describe('lowerForRuntime', () => {
  test('leaves no operator that the runtime lacks, however deep the decompositions go', () => {
    for (const name of g.operators.keys()) {
      for (const graph of samples(name)) {
        for (const node of nodesOf(g.lowerForRuntime(graph))) {
          expect(WITHOUT_FLOAT64_KERNEL.has(node.op.name), `${node.op.name} is left of ${name}`).toBe(false);
          expect(node.op.refused?.(node) ?? false, `${node.op.name} is left of ${name}`).toBe(false);
        }
      }
    }
  });

  test('keeps the very graph where nothing is to be lowered', () => {
    const x = g.input('x', 'float64', [2, 3]);
    const graph = g.graph([x], { y: g.softmax(g.relu(x)) });
    expect(g.lowerForRuntime(graph).outputs.y).toBe(graph.outputs.y);
  });

  test('touches float32 operators with a kernel no more than float64 ones', () => {
    const x = g.input('x', 'float32', [1, 1, 4, 4]);
    const w = g.input('w', 'float32', [1, 1, 2, 2]);
    const graph = g.graph([x, w], { y: g.gelu(g.conv(x, w)) });
    expect(g.lowerForRuntime(graph).outputs.y).toBe(graph.outputs.y);
  });

  test('keeps inputs and outputs: unused inputs, inputs as outputs, one value under two names', async () => {
    const x = g.input('x', 'float64', [3]);
    const unused = g.input('unused', 'float64', [2]);
    const w = g.parameter('w', g.tensor('float64', [3], [1, 2, 3]));
    const y = g.gelu(g.mul(x, w));
    const graph = g.graph([x, unused], { y, same: y, copy: x, z: g.mish(y) });
    const lowered = g.lowerForRuntime(graph);
    expect(lowered.inputs).toEqual(graph.inputs);
    expect(Object.keys(lowered.outputs)).toEqual(['y', 'same', 'copy', 'z']);
    expect(g.parameterCount(lowered)).toBe(3);
    const program = await compile(graph);
    const out = await program.run({ x: Float64Array.of(0, 1, -1), unused: Float64Array.of(0, 0) });
    await program.dispose();
    expect(out.copy).toEqual(Float64Array.of(0, 1, -1));
    expect(out.same).toEqual(out.y);
    // gelu(2) = 2 Phi(2), Phi(2) = 0.977249868051821 (Abramowitz and Stegun, table 26.1).
    expect(out.y![1]).toBeCloseTo(1.954499736103642, 14);
  });

  test('shares what a lowered value is used for: one decomposition for two users', () => {
    const x = g.input('x', 'float64', [3]);
    const y = g.erf(x);
    const lowered = g.lowerForRuntime(g.graph([x], { a: g.exp(y), b: g.neg(y) }));
    expect(lowered.outputs.a!.node.inputs[0]).toBe(lowered.outputs.b!.node.inputs[0]);
  });

  test('names an operator that has neither a kernel nor a form in others', () => {
    const orphan: g.Op = { ...g.Erf };
    delete (orphan as { decompose?: unknown }).decompose;
    const x = g.input('x', 'float64', [3]);
    expect(() => g.lowerForRuntime(g.graph([x], { y: g.emit1(orphan, [x]) }))).toThrow(/Erf/);
  });
});
