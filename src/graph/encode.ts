// Writes a Graph as an ONNX model: parameters become initializers, constants Constant nodes.
import { create, toBinary } from '@bufbuild/protobuf';
import type { AttributeProto, NodeProto, TensorProto, ValueInfoProto } from 'onnx-buf';
import {
  AttributeProto_AttributeType as AttributeKind,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { RobustlawError } from '../errors.ts';
import type { Graph } from './graph.ts';
import { topological } from './graph.ts';
import { TYPE_CODES } from './ops/cast.ts';
import type { Tensor } from './tensor.ts';
import type { AttributeType, AttributeValue, Node, Value } from './value.ts';
import { CONSTANT, INPUT, nameOf, OPSET, PARAMETER, tensorOf } from './value.ts';

/** IR version 9 is the oldest that knows OPSET 20. */
const IR_VERSION = 9n;

export interface EncodeOptions {
  /** Writes the first axis of these inputs and of all outputs as the symbol `batch` instead of a number. */
  readonly batchInputs?: readonly string[];
  /** metadata_props of the model. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The bytes of an `.onnx` file. Deterministic: the same graph gives the same bytes. With `batchInputs` the caller
 * promises that no shape constant inside the graph depends on the batch size; see encodeForAnyBatch().
 */
export function encode(g: Graph, options: EncodeOptions = {}): Uint8Array {
  const order = topological(Object.values(g.outputs));
  const names = nameValues(g, order);
  const used = new Set<Value>(Object.values(g.outputs));
  for (const node of order) for (const value of node.inputs) if (value) used.add(value);
  const symbolic = new Set(options.batchInputs ?? []);

  const nodes: NodeProto[] = [];
  const initializer: TensorProto[] = [];
  for (const node of order) {
    if (node.op === INPUT) continue;
    if (node.op === PARAMETER) {
      initializer.push(encodeTensor(tensorOf(node.outputs[0]!)!, names.get(node.outputs[0]!)!));
      continue;
    }
    nodes.push(
      create(NodeProtoSchema, {
        opType: node.op.name,
        input: trimmed(node.inputs.map((value) => (value ? names.get(value)! : ''))),
        output: outputNames(node, names, used),
        attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value, node)),
      }),
    );
  }
  // An output that is itself an input or parameter, or that is listed twice, needs a name of its own.
  const outputs = Object.entries(g.outputs).map(([name, value]) => {
    if (names.get(value) !== name) {
      nodes.push(create(NodeProtoSchema, { opType: 'Identity', input: [names.get(value)!], output: [name] }));
    }
    return valueInfo(name, value, symbolic.size > 0);
  });

  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'robustlaw',
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(OPSET) })],
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
    graph: create(GraphProtoSchema, {
      name: 'robustlaw',
      node: nodes,
      initializer,
      input: g.inputs.map((value) => valueInfo(nameOf(value)!, value, symbolic.has(nameOf(value)!))),
      output: outputs,
    }),
  });
  return toBinary(ModelProtoSchema, model);
}

/**
 * Encodes a model for any batch size: builds it for two batch sizes and throws if anything but the first axis of the
 * named inputs and of the outputs differs.
 */
export function encodeForAnyBatch(
  build: (batch: number) => Graph,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const [two, three] = [2, 3].map((batch) => {
    const g = build(batch);
    const batchInputs = g.inputs.filter((value) => value.shape[0] === batch).map((value) => nameOf(value)!);
    return encode(g, { batchInputs, metadata });
  });
  if (two!.length !== three!.length || two!.some((byte, i) => byte !== three![i])) {
    throw new RobustlawError(
      'internal',
      'the graph depends on the batch size beyond its first axis; it cannot be encoded for any batch size',
    );
  }
  return two!;
}

/** Inputs, parameters and outputs keep their names; all other values are numbered in topological order. */
function nameValues(g: Graph, order: readonly Node[]): Map<Value, string> {
  const names = new Map<Value, string>();
  const taken = new Set<string>([...g.inputs.map((value) => nameOf(value)!), ...Object.keys(g.outputs)]);
  for (const value of g.inputs) names.set(value, nameOf(value)!);
  for (const node of order) if (node.op === PARAMETER) taken.add(nameOf(node.outputs[0]!)!);
  for (const [name, value] of Object.entries(g.outputs)) {
    if (value.node.op !== INPUT && value.node.op !== PARAMETER && !names.has(value)) names.set(value, name);
  }
  let next = 0;
  for (const node of order) {
    for (const value of node.outputs) {
      if (names.has(value)) continue;
      const own = nameOf(value);
      let name = own ?? `v${next++}`;
      while (own === undefined && taken.has(name)) name = `v${next++}`;
      names.set(value, name);
    }
  }
  return names;
}

/** Outputs nobody uses are left out, but not those of Split, which has no optional ones: ONNX Runtime crashes on that. */
function outputNames(node: Node, names: ReadonlyMap<Value, string>, used: ReadonlySet<Value>): string[] {
  return trimmed(
    node.outputs.map((value) => (node.op.name === 'Split' || used.has(value) ? names.get(value)! : '')),
  );
}

/** Trailing optional inputs and outputs are left out, inner ones are the empty string. */
function trimmed(names: string[]): string[] {
  let length = names.length;
  while (length > 0 && names[length - 1] === '') length--;
  return names.slice(0, length);
}

function encodeAttribute(name: string, value: AttributeValue, node: Node): AttributeProto {
  const type: AttributeType | undefined = node.op === CONSTANT ? 'tensor' : node.op.attributes[name];
  const utf8 = new TextEncoder();
  switch (type) {
    case 'int':
      return create(AttributeProtoSchema, { name, type: AttributeKind.INT, i: BigInt(value as number) });
    case 'ints':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeKind.INTS,
        ints: (value as number[]).map(BigInt),
      });
    case 'float':
      return create(AttributeProtoSchema, { name, type: AttributeKind.FLOAT, f: value as number });
    case 'floats':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeKind.FLOATS,
        floats: [...(value as number[])],
      });
    case 'string':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeKind.STRING,
        s: utf8.encode(value as string),
      });
    case 'strings':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeKind.STRINGS,
        strings: (value as string[]).map((s) => utf8.encode(s)),
      });
    case 'tensor':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeKind.TENSOR,
        t: encodeTensor(value as Tensor, ''),
      });
    case undefined:
      throw new RobustlawError('internal', `${node.op.name} has no attribute "${name}"`);
  }
}

function encodeTensor(t: Tensor, name: string): TensorProto {
  const bytes = new Uint8Array(
    t.data.buffer,
    t.data.byteOffset,
    t.data.byteLength,
  ) as Uint8Array<ArrayBuffer>;
  return create(TensorProtoSchema, {
    name,
    dims: t.shape.map(BigInt),
    dataType: TYPE_CODES[t.dtype],
    rawData: bytes,
  });
}

function valueInfo(name: string, value: Value, batch: boolean): ValueInfoProto {
  const dim = value.shape.map((axis, i) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        batch && i === 0 ? { case: 'dimParam', value: 'batch' } : { case: 'dimValue', value: BigInt(axis) },
    }),
  );
  const type = create(TypeProtoSchema, {
    value: {
      case: 'tensorType',
      value: create(TypeProto_TensorSchema, {
        elemType: TYPE_CODES[value.dtype],
        shape: create(TensorShapeProtoSchema, { dim }),
      }),
    },
  });
  return create(ValueInfoProtoSchema, { name, type });
}
