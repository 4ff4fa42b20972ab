// Damaged files: whatever happens to the bytes or fields of an ONNX file, reading it gives a graph or a RobustlawError,
// and compiling what was read gives a program or a RobustlawError.
import { readFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { AttributeProto, ModelProto, NodeProto, TensorProto } from 'onnx-buf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { RobustlawError } from '../../src/errors.ts';
import type { Graph } from '../../src/graph/index.ts';
import { allocate, importForBatch, nameOf, sizeOf } from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import type { Rng } from '../../src/random/index.ts';
import { integers, rng } from '../../src/random/index.ts';
import { compile, disposeIdleSessions } from '../../src/runtime/index.ts';

const names = [
  'mlp-opset7',
  'cnn-opset9',
  'resnet-opset15',
  'vit-opset9',
  'attention-opset14',
  'mixed-opset12',
  'mixed-opset16',
];
const files = names.map(
  (name) => new Uint8Array(readFileSync(new URL(`../fixtures/onnx/${name}.onnx`, import.meta.url))),
);

/** Numbers that break things. */
const ODD = [
  0n,
  1n,
  -1n,
  2n,
  3n,
  7n,
  64n,
  255n,
  65536n,
  2n ** 31n - 1n,
  2n ** 31n,
  -(2n ** 31n),
  2n ** 33n,
  2n ** 62n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const OPERATORS = [
  'Add',
  'Div',
  'Mod',
  'MatMul',
  'Gemm',
  'Conv',
  'ConvTranspose',
  'MaxPool',
  'AveragePool',
  'Reshape',
  'Flatten',
  'Transpose',
  'Concat',
  'Split',
  'Slice',
  'Gather',
  'GatherElements',
  'ScatterElements',
  'Pad',
  'Expand',
  'Squeeze',
  'Unsqueeze',
  'Where',
  'Clip',
  'Cast',
  'ReduceSum',
  'ReduceMax',
  'Softmax',
  'Shape',
  'Range',
  'ConstantOfShape',
  'Tile',
  'BatchNormalization',
  'LayerNormalization',
  'Erf',
  'Identity',
  'Dropout',
  'If',
  'Loop',
  'TopK',
  '',
  'relu',
];

/** A stream of small random integers from a key. */
function stream(key: Rng): (below: number) => number {
  const values = integers(key, 4096, 0, 2 ** 30);
  let next = 0;
  return (below) => values[next++ % values.length]! % below;
}

function damageBytes(file: Uint8Array, random: (below: number) => number): Uint8Array {
  const kind = random(4);
  const at = random(file.length);
  if (kind === 0) return file.slice(0, at);
  if (kind === 1) {
    const inserted = Uint8Array.from({ length: 1 + random(8) }, () => random(256));
    return Uint8Array.from([...file.subarray(0, at), ...inserted, ...file.subarray(at)]);
  }
  if (kind === 2) return Uint8Array.from([...file.subarray(0, at), ...file.subarray(at + 1 + random(20))]);
  const copy = file.slice();
  for (let i = 0; i <= random(4); i++) copy[random(copy.length)] = random(256);
  return copy;
}

/** Changes one to three fields of the decoded message, so that the damage lies behind the protobuf layer. */
function damageFields(file: Uint8Array, random: (below: number) => number): Uint8Array {
  const model = fromBinary(ModelProtoSchema, file);
  const pick = <T>(list: readonly T[]): T | undefined => list[random(Math.max(list.length, 1))];
  const odd = () => pick(ODD)!;
  const g = model.graph!;
  const tensors = (): TensorProto[] => [
    ...g.initializer,
    ...g.node.flatMap((n) => n.attribute.flatMap((a) => (a.t ? [a.t] : []))),
  ];
  const changes: ((m: ModelProto) => void)[] = [
    () => changeTensor(pick(tensors()), random, odd),
    () => changeTensor(pick(tensors()), random, odd),
    () => changeAttribute(pick(pick(g.node)?.attribute ?? []), random, odd),
    () =>
      changeAttribute(pick(pick(g.node.filter((n) => n.attribute.length > 0))?.attribute ?? []), random, odd),
    () => changeNode(pick(g.node), random, pick(g.node)),
    () => changeNode(pick(g.node), random, pick(g.node)),
    () => {
      const n = pick(g.node);
      if (n) n.opType = pick(OPERATORS)!;
    },
    () => {
      const dims = g.input.flatMap((p) =>
        p.type?.value.case === 'tensorType' ? (p.type.value.value.shape?.dim ?? []) : [],
      );
      const dim = pick(dims);
      if (dim) dim.value = random(3) === 0 ? { case: undefined } : { case: 'dimValue', value: odd() };
    },
    () => {
      const p = pick(g.input);
      if (p?.type?.value.case === 'tensorType') p.type.value.value.elemType = random(18);
    },
    () => {
      for (const o of model.opsetImport) o.version = BigInt(random(26));
    },
    () => {
      g.node = g.node.filter((_, i) => i !== random(g.node.length));
    },
    () => {
      g.node.reverse();
    },
    () => {
      const node = pick(g.node);
      if (node) g.node.push(node);
    },
    () => {
      const o = pick(g.output);
      if (o) o.name = pick(g.node)?.output[0] ?? '';
    },
  ];
  for (let i = 0; i <= random(3); i++) pick(changes)!(model);
  return toBinary(ModelProtoSchema, model);
}

function changeTensor(
  t: TensorProto | undefined,
  random: (below: number) => number,
  odd: () => bigint,
): void {
  if (!t) return;
  const kind = random(5);
  if (kind === 0) t.dims = [...t.dims, odd()];
  else if (kind === 1) t.dims = t.dims.map((d) => (random(2) ? d : odd()));
  else if (kind === 2) t.dataType = random(20);
  else if (kind === 3) t.dims = t.dims.toReversed();
  else if (t.dataType === 7 && t.rawData.length >= 8)
    t.rawData = new Uint8Array(new BigInt64Array(t.rawData.length / 8).map(odd).buffer);
}

function changeAttribute(
  a: AttributeProto | undefined,
  random: (below: number) => number,
  odd: () => bigint,
): void {
  if (!a) return;
  const kind = random(5);
  if (kind === 0) a.type = random(15);
  else if (kind === 1) a.name = ['axis', 'axes', 'to', 'group', 'value', 'x'][random(6)]!;
  else if (kind === 2) a.i = odd();
  else if (kind === 3) a.ints = a.ints.map(() => odd());
  else {
    a.ints = a.ints.slice(1);
    a.f = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e-38][random(5)]!;
  }
}

function changeNode(
  n: NodeProto | undefined,
  random: (below: number) => number,
  other: NodeProto | undefined,
): void {
  if (!n || !other) return;
  const kind = random(5);
  if (kind === 0) n.input = n.input.map((name) => (random(2) ? name : (other.output[0] ?? '')));
  else if (kind === 1) n.input = n.input.toReversed();
  else if (kind === 2) n.attribute = [];
  else if (kind === 3) n.input = n.input.slice(1);
  else n.output = [...n.output, 'more'];
}

/** The graph, or undefined where reading throws a RobustlawError; anything else fails the test. */
function read(bytes: Uint8Array, what: string): Graph | undefined {
  const before = performance.now();
  try {
    return importForBatch(decodeModel(bytes, what), 2);
  } catch (error) {
    if (!(error instanceof RobustlawError)) throw new Error(`${what}: ${(error as Error).stack}`);
    expect(error.code, `${what}: ${error.message}`).not.toBe('internal');
    return undefined;
  } finally {
    expect(performance.now() - before, what).toBeLessThan(5000);
  }
}

async function tryToRun(g: Graph, what: string): Promise<boolean> {
  try {
    const program = await compile(g);
    const small = [...g.inputs, ...Object.values(g.outputs)].every((v) => sizeOf(v.shape) < 1e6);
    try {
      if (small)
        await program.run(
          Object.fromEntries(
            g.inputs.map((v) => [nameOf(v)!, allocate(v.dtype, sizeOf(v.shape)).fill(1 as never)]),
          ),
        );
    } finally {
      await program.dispose();
    }
    return true;
  } catch (error) {
    if (!(error instanceof RobustlawError)) throw new Error(`${what}: ${(error as Error).stack}`);
    return false;
  }
}

describe.each([
  ['bytes', damageBytes, 2500],
  ['fields', damageFields, 2500],
] as const)('damaged %s', (kind, damage, count) => {
  it(`${count} files are read or refused with a reason, and run or refused`, {
    timeout: 120_000,
  }, async () => {
    const key = rng(`damage ${kind}`);
    let [readable, compiled] = [0, 0];
    for (let i = 0; i < count; i++) {
      const what = `${kind} ${i} of ${names[i % files.length]}`;
      const g = read(damage(files[i % files.length]!, stream(key.split(i))), what);
      if (!g) continue;
      readable += 1;
      if (readable <= 400 && (await tryToRun(g, what))) compiled += 1;
      if (readable % 50 === 0) await disposeIdleSessions();
    }
    await disposeIdleSessions();
    // The damage is mild enough to reach past the first check, and hard enough to be damage.
    expect(readable).toBeGreaterThan(count / 50);
    expect(readable).toBeLessThan(count);
    expect(compiled).toBeGreaterThan(0);
  });
});
