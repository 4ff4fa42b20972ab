// Reads the bytes of an ONNX file: protobuf to plain validated data, with every defect named by file, node and field.
import { fromBinary } from '@bufbuild/protobuf';
import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  OperatorSetIdProto,
  TypeProto,
  ValueInfoProto,
} from 'onnx-buf';
import { AttributeProto_AttributeType as Kind, ModelProtoSchema } from 'onnx-buf';
import { RobustlawError } from '../../errors.ts';
import { computedType, isHalf, typeName } from '../element-types.ts';
import type {
  Dimension,
  OnnxAttribute,
  OnnxAttributes,
  OnnxFunction,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxPort,
  OnnxTensor,
  Opsets,
} from '../onnx-model.ts';
import { describeNode, functionKey, MAX_RANK } from '../onnx-model.ts';
import { decodeTensor, type ExternalData } from './decode-tensor.ts';

/**
 * Decodes an ONNX model. `fileName` is how errors call it; `external` gives access to weights kept in other files (see
 * readModel() of runtime/ for one that looks only into the model's own folder). Throws `malformed-file` where the bytes
 * break the ONNX specification; element types robustlaw does not compute with are an error only once they are needed.
 */
export function decodeModel(bytes: Uint8Array, fileName = 'model', external?: ExternalData): OnnxModel {
  try {
    return modelOf(parse(bytes), fileName, external);
  } catch (error) {
    if (!(error instanceof RobustlawError)) throw error;
    throw new RobustlawError(error.code, `${fileName}: ${error.message}`, { cause: error });
  }
}

function parse(bytes: Uint8Array): ModelProto {
  const other = lookalike(bytes);
  if (other) throw malformed(`this is ${other}, not an ONNX file`);
  try {
    // Nothing in fields unknown to ONNX is worth its memory.
    return fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw malformed(
      `not an ONNX file, or a damaged or truncated one (${bytes.length} bytes): ${(error as Error).message}`,
    );
  }
}

/** Files that are taken for ONNX files, by their first bytes, and what to do about it. */
const LOOKALIKES: readonly (readonly [start: readonly number[], what: string])[] = [
  [
    [0x50, 0x4b, 3, 4],
    'a ZIP archive (a PyTorch checkpoint or a Keras model? export it with torch.onnx.export or tf2onnx)',
  ],
  [[0x89, 0x48, 0x44, 0x46], 'an HDF5 file (a Keras model? convert it with tf2onnx)'],
  [[0x80, 2], 'a Python pickle (a PyTorch checkpoint? export it with torch.onnx.export)'],
  [[0x1f, 0x8b], 'a gzip file (decompress it first)'],
];

function lookalike(bytes: Uint8Array): string | undefined {
  return LOOKALIKES.find(([start]) => start.every((byte, i) => bytes[i] === byte))?.[1];
}

function modelOf(proto: ModelProto, fileName: string, external: ExternalData | undefined): OnnxModel {
  if (!proto.graph) throw malformed('the model has no graph; is this an ONNX file?');
  const notes = new Set<string>();
  const context: Context = { external, notes };
  const functions = new Map<string, OnnxFunction>();
  for (const f of proto.functions) {
    const key = functionKey(normalDomain(f.domain), f.name);
    if (functions.has(key)) throw malformed(`the function "${f.name}" is defined twice`);
    functions.set(key, functionOf(f, context));
  }
  return {
    fileName,
    irVersion: Number(proto.irVersion),
    producer: [proto.producerName, proto.producerVersion].filter((s) => s !== '').join(' '),
    opsets: opsetsOf(proto.opsetImport),
    metadata: Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
    graph: graphOf(proto.graph, context),
    functions,
    notes: [...notes],
  };
}

interface Context {
  readonly external: ExternalData | undefined;
  readonly notes: Set<string>;
}

const HALF_NOTE =
  'the model stores or computes in float16 or bfloat16; robustlaw computes it in float32, so numbers differ by the rounding of the half-precision type';

function normalDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function opsetsOf(imports: readonly OperatorSetIdProto[]): Opsets {
  const opsets = new Map<string, number>();
  for (const { domain, version } of imports) {
    const key = normalDomain(domain);
    const number = Number(version);
    if (number < 1 || (opsets.has(key) && opsets.get(key) !== number))
      throw malformed(`invalid opset_import of the domain "${domain}": ${version}`);
    opsets.set(key, number);
  }
  return opsets;
}

function graphOf(proto: GraphProto, context: Context): OnnxGraph {
  const initializers = new Map<string, OnnxTensor>();
  const addInitializer = (name: string, value: OnnxTensor) => {
    if (name === '') throw malformed('an initializer has no name');
    if (initializers.has(name)) throw malformed(`the initializer "${name}" is there twice`);
    initializers.set(name, value);
  };
  for (const t of proto.initializer) {
    if (isHalf(t.dataType)) context.notes.add(HALF_NOTE);
    addInitializer(t.name, decodeTensor(t, `initializer "${t.name}"`, context.external));
  }
  for (const sparse of proto.sparseInitializer)
    addInitializer(sparse.values?.name ?? '', {
      shape: [],
      unsupported: 'a sparse tensor; store it densely, or import only outputs that do not depend on it',
    });

  const defined = new Set(initializers.keys());
  const define = (name: string, what: string) => {
    if (defined.has(name)) throw malformed(`${what} defines the value "${name}", which exists already`);
    defined.add(name);
  };
  // Before IR version 4 every initializer had to be listed among the inputs too.
  const inputs = proto.input
    .map((info) => portOf(info, 'input', context))
    .filter((port) => !initializers.has(port.name));
  for (const port of inputs) define(port.name, 'an input');
  const nodes = proto.node.map((node) => nodeOf(node, context));
  for (const node of nodes)
    for (const name of node.outputs) if (name !== '') define(name, describeNode(node));

  const outputs = proto.output.map((info) => portOf(info, 'output', context));
  const seen = new Set<string>();
  for (const { name } of outputs) {
    if (seen.has(name)) throw malformed(`the output "${name}" is declared twice`);
    seen.add(name);
  }
  return { inputs, outputs, nodes, initializers };
}

function portOf(info: ValueInfoProto, what: string, context: Context): OnnxPort {
  const { name } = info;
  if (name === '') throw malformed(`an ${what} has no name`);
  const tensorType = info.type?.value.case === 'tensorType' ? info.type.value.value : undefined;
  if (!tensorType) return { name, type: kindOf(info.type), dtype: undefined, dimensions: undefined };
  if (isHalf(tensorType.elemType)) context.notes.add(HALF_NOTE);
  const rank = tensorType.shape?.dim.length ?? 0;
  if (rank > MAX_RANK) throw malformed(`the ${what} "${name}" has ${rank} axes`);
  const dimensions = tensorType.shape?.dim.map(({ value }, axis): Dimension => {
    if (value.case === 'dimParam') return value.value === '' ? undefined : value.value;
    if (value.case === undefined) return undefined;
    const length = Number(value.value);
    if (length < 0 || !Number.isSafeInteger(length))
      throw malformed(`axis ${axis} of the ${what} "${name}" has length ${value.value}`);
    return length;
  });
  return { name, type: typeName(tensorType.elemType), dtype: computedType(tensorType.elemType), dimensions };
}

/** `sequence`, `map`, …: the kinds of values that are no tensors. */
function kindOf(type: TypeProto | undefined): string {
  return type?.value.case?.replace(/Type$/, '') ?? 'of no declared type';
}

function nodeOf(proto: NodeProto, context: Context): OnnxNode {
  const head = {
    name: proto.name,
    op: proto.opType,
    domain: normalDomain(proto.domain),
    inputs: proto.input,
    outputs: proto.output,
  };
  const what = describeNode({ ...head, attributes: new Map() });
  if (proto.opType === '') throw malformed(`${what} names no operator`);
  return { ...head, attributes: attributesOf(proto.attribute, what, context) };
}

function attributesOf(protos: readonly AttributeProto[], what: string, context: Context): OnnxAttributes {
  const attributes = new Map<string, OnnxAttribute>();
  for (const proto of protos) {
    if (attributes.has(proto.name)) throw malformed(`${what} has the attribute "${proto.name}" twice`);
    attributes.set(proto.name, attributeOf(proto, `the attribute "${proto.name}" of ${what}`, context));
  }
  return attributes;
}

function attributeOf(proto: AttributeProto, what: string, context: Context): OnnxAttribute {
  if (proto.refAttrName !== '') return { type: 'reference', value: proto.refAttrName };
  switch (proto.type) {
    case Kind.INT:
      return { type: 'int', value: clamped(proto.i) };
    case Kind.INTS:
      return { type: 'ints', value: proto.ints.map(clamped) };
    case Kind.FLOAT:
      return { type: 'float', value: proto.f };
    case Kind.FLOATS:
      return { type: 'floats', value: proto.floats };
    case Kind.STRING:
      return { type: 'string', value: text(proto.s, what) };
    case Kind.STRINGS:
      return { type: 'strings', value: proto.strings.map((s) => text(s, what)) };
    case Kind.TENSOR:
      if (!proto.t) throw malformed(`${what} is said to be a tensor but holds none`);
      if (isHalf(proto.t.dataType)) context.notes.add(HALF_NOTE);
      return { type: 'tensor', value: decodeTensor(proto.t, what, context.external) };
    case Kind.GRAPH:
      if (!proto.g) throw malformed(`${what} is said to be a graph but holds none`);
      return { type: 'graph', value: graphOf(proto.g, context) };
    default:
      return { type: 'unsupported', value: (Kind[proto.type] ?? String(proto.type)).toLowerCase() };
  }
}

function clamped(value: bigint): number {
  return Math.min(Math.max(Number(value), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

function text(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw malformed(`${what} is no UTF-8 text`);
  }
}

function functionOf(proto: FunctionProto, context: Context): OnnxFunction {
  const what = `the function "${proto.name}"`;
  return {
    name: proto.name,
    domain: normalDomain(proto.domain),
    inputs: proto.input,
    outputs: proto.output,
    defaults: attributesOf(proto.attributeProto, what, context),
    nodes: proto.node.map((node) => nodeOf(node, context)),
    opsets: opsetsOf(proto.opsetImport),
  };
}

function malformed(message: string): RobustlawError {
  return new RobustlawError('malformed-file', message);
}
