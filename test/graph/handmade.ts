// ONNX files made field by field, as other exporters write them, and ONNX Runtime run on the very bytes of a file.
import { create, toBinary } from '@bufbuild/protobuf';
import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from 'onnx-buf';
import {
  AttributeProtoSchema,
  FunctionProtoSchema,
  GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import * as ort from 'onnxruntime-node';
import type { TensorData } from '../../src/graph/index.ts';

export const CODE = TensorProto_DataType;

type Init<T> = Partial<Omit<T, '$typeName' | '$unknown'>>;

/** A tensor with its elements in float_data, int64_data, int32_data or double_data. */
export function typed(
  name: string,
  code: number,
  dims: readonly number[],
  values: readonly number[],
): TensorProto {
  const field =
    code === CODE.FLOAT
      ? { floatData: [...values] }
      : code === CODE.DOUBLE
        ? { doubleData: [...values] }
        : code === CODE.INT64
          ? { int64Data: values.map(BigInt) }
          : { int32Data: [...values] };
  return create(TensorProtoSchema, { name, dataType: code, dims: dims.map(BigInt), ...field });
}

/** A tensor with raw_data. */
export function raw(
  name: string,
  code: number,
  dims: readonly (number | bigint)[],
  data: ArrayBufferView,
  more: Init<TensorProto> = {},
): TensorProto {
  const rawData = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return create(TensorProtoSchema, { name, dataType: code, dims: dims.map(BigInt), rawData, ...more });
}

export const floats = (name: string, dims: readonly number[], values: readonly number[]): TensorProto =>
  typed(name, CODE.FLOAT, dims, values);
export const ints = (name: string, values: readonly number[], dims = [values.length]): TensorProto =>
  typed(name, CODE.INT64, dims, values);

/** What an attribute is written as: `int(1)`, `float(0.5)`, `ints([1, 2])`, … */
type Written = (name: string) => AttributeProto;
const attribute =
  (type: Kind, value: Init<AttributeProto>): Written =>
  (name) =>
    create(AttributeProtoSchema, { name, type, ...value });
const utf8 = new TextEncoder();
export const attr = {
  int: (i: number | bigint) => attribute(Kind.INT, { i: BigInt(i) }),
  ints: (values: readonly (number | bigint)[]) => attribute(Kind.INTS, { ints: values.map(BigInt) }),
  float: (f: number) => attribute(Kind.FLOAT, { f }),
  floats: (values: readonly number[]) => attribute(Kind.FLOATS, { floats: [...values] }),
  string: (s: string) => attribute(Kind.STRING, { s: utf8.encode(s) }),
  strings: (values: readonly string[]) =>
    attribute(Kind.STRINGS, { strings: values.map((s) => utf8.encode(s)) }),
  tensor: (t: TensorProto) => attribute(Kind.TENSOR, { t }),
  graph: (g: GraphProto) => attribute(Kind.GRAPH, { g }),
  reference: (refAttrName: string, type: Kind) => attribute(type, { refAttrName }),
};

/** `node('Add', 'a b', 'c')`: names separated by spaces, `_` for one left out. */
export function node(
  opType: string,
  input: string,
  output: string,
  attributes: Readonly<Record<string, Written>> = {},
  more: Init<NodeProto> = {},
): NodeProto {
  const names = (list: string) =>
    list === '' ? [] : list.split(' ').map((name) => (name === '_' ? '' : name));
  return create(NodeProtoSchema, {
    opType,
    input: names(input),
    output: names(output),
    attribute: Object.entries(attributes).map(([name, written]) => written(name)),
    ...more,
  });
}

/** A declared tensor; a string is a symbol, null an axis without length or name. */
export function port(
  name: string,
  dims: readonly (number | string | null)[],
  code = CODE.FLOAT,
): ValueInfoProto {
  const dim = dims.map((axis) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        axis === null
          ? { case: undefined }
          : typeof axis === 'string'
            ? { case: 'dimParam', value: axis }
            : { case: 'dimValue', value: BigInt(axis) },
    }),
  );
  const value = create(TypeProto_TensorSchema, {
    elemType: code,
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value } }),
  });
}

export interface Parts {
  readonly nodes: readonly NodeProto[];
  readonly inputs?: readonly ValueInfoProto[];
  readonly outputs?: readonly ValueInfoProto[];
  readonly initializers?: readonly TensorProto[];
  readonly opset?: number;
  readonly ml?: number;
  readonly domains?: Readonly<Record<string, number>>;
  readonly functions?: readonly FunctionProto[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly more?: Init<GraphProto>;
}

export function graphOf({
  nodes,
  inputs = [],
  outputs = [],
  initializers = [],
  more = {},
}: Parts): GraphProto {
  return create(GraphProtoSchema, {
    name: 'handmade',
    node: [...nodes],
    input: [...inputs],
    output: [...outputs],
    initializer: [...initializers],
    ...more,
  });
}

/** The bytes of a file; one output `y` of unknown shape unless outputs are given. */
export function fileOf(parts: Parts): Uint8Array {
  const outputs = parts.outputs ?? [
    create(ValueInfoProtoSchema, { ...port('y', []), type: floatOfAnyShape() }),
  ];
  const domains = {
    '': parts.opset ?? 20,
    ...(parts.ml ? { 'ai.onnx.ml': parts.ml } : {}),
    ...parts.domains,
  };
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'handmade',
    graph: graphOf({ ...parts, outputs }),
    functions: [...(parts.functions ?? [])],
    opsetImport: Object.entries(domains).map(([domain, version]) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
    ),
    metadataProps: Object.entries(parts.metadata ?? {}).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
  });
  return toBinary(ModelProtoSchema, model);
}

/** A declared output of which only the element type is known. */
export function anyShape(name: string, code = CODE.FLOAT): ValueInfoProto {
  return create(ValueInfoProtoSchema, { name, type: floatOfAnyShape(code) });
}

function floatOfAnyShape(code = CODE.FLOAT) {
  return create(TypeProtoSchema, {
    value: { case: 'tensorType', value: create(TypeProto_TensorSchema, { elemType: code }) },
  });
}

export function functionOf(init: Init<FunctionProto>, opset = 20): FunctionProto {
  return create(FunctionProtoSchema, {
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) })],
    ...init,
  });
}

/** What ONNX Runtime computes from the file itself, without robustlaw in between. */
export async function runDirectly(
  file: Uint8Array,
  feeds: Readonly<Record<string, { data: TensorData; shape: readonly number[] }>>,
  outputs?: readonly string[],
): Promise<Record<string, { data: TensorData; dims: readonly number[] }>> {
  const session = await ort.InferenceSession.create(file, {
    logSeverityLevel: 4,
    graphOptimizationLevel: 'disabled',
  });
  try {
    const tensors = Object.fromEntries(
      Object.entries(feeds).map(([name, { data, shape }]) => [
        name,
        new ort.Tensor(typeOf(data), data as never, [...shape]),
      ]),
    );
    const results = await session.run(tensors, [...(outputs ?? session.outputNames)]);
    return Object.fromEntries(
      Object.entries(results).map(([name, t]) => [name, { data: t.data as TensorData, dims: t.dims }]),
    );
  } finally {
    await session.release();
  }
}

function typeOf(data: TensorData): 'float32' | 'float64' | 'int64' | 'int32' | 'bool' {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Float64Array) return 'float64';
  return data instanceof BigInt64Array ? 'int64' : data instanceof Int32Array ? 'int32' : 'bool';
}
