// The messages of an ONNX file that we write, and their bytes, by the field numbers of onnx.proto (ONNX 1.15, IR version 9).
// Messages described at run time, as the library reads them, take twice as long to write, and some 50 ms to load.
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export interface TensorMessage {
  readonly name: string;
  readonly dims: readonly number[];
  /** TensorProto.DataType. */
  readonly dataType: number;
  readonly rawData: Uint8Array;
}

export type AttributeMessage = { readonly name: string } & (
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly tensor: TensorMessage }
  | { readonly graph: GraphMessage }
);

export interface NodeMessage {
  readonly opType: string;
  readonly domain?: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute?: readonly AttributeMessage[];
}

/** An input or output; an axis is its length or a symbol. */
export interface PortMessage {
  readonly name: string;
  /** TensorProto.DataType. */
  readonly elementType: number;
  readonly shape: readonly (number | string)[];
}

export interface GraphMessage {
  readonly name: string;
  readonly node: readonly NodeMessage[];
  readonly initializer: readonly TensorMessage[];
  readonly input: readonly PortMessage[];
  readonly output: readonly PortMessage[];
}

export interface ModelMessage {
  readonly irVersion: number;
  readonly producerName: string;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly graph: GraphMessage;
}

/** The bytes of a model: fields in the order of their numbers, as the libraries of protobuf write them. */
export function modelBytes({ irVersion, producerName, graph, opsets, metadata }: ModelMessage): Uint8Array {
  const to = new BinaryWriter();
  int(to, 1, irVersion);
  text(to, 2, producerName);
  message(to, 7, () => writeGraph(to, graph));
  for (const { domain, version } of opsets)
    message(to, 8, () => {
      text(to, 1, domain);
      int(to, 2, version);
    });
  for (const [key, value] of Object.entries(metadata))
    message(to, 14, () => {
      text(to, 1, key);
      text(to, 2, value);
    });
  return to.finish();
}

function writeGraph(to: BinaryWriter, { name, node, initializer, input, output }: GraphMessage): void {
  for (const each of node) message(to, 1, () => writeNode(to, each));
  text(to, 2, name);
  for (const each of initializer) message(to, 5, () => writeTensor(to, each));
  for (const each of input) message(to, 11, () => writePort(to, each));
  for (const each of output) message(to, 12, () => writePort(to, each));
}

function writeNode(to: BinaryWriter, { opType, domain, input, output, attribute }: NodeMessage): void {
  texts(to, 1, input);
  texts(to, 2, output);
  text(to, 4, opType);
  for (const each of attribute ?? []) message(to, 5, () => writeAttribute(to, each));
  if (domain) text(to, 7, domain);
}

function writeAttribute(to: BinaryWriter, attribute: AttributeMessage): void {
  text(to, 1, attribute.name);
  const type = writeContent(to, attribute);
  int(to, 20, type);
}

/** Writes the value; returns its AttributeProto.AttributeType. */
function writeContent(to: BinaryWriter, of: AttributeMessage): number {
  if ('float' in of) {
    float(to, 2, of.float);
    return 1;
  }
  if ('int' in of) {
    int(to, 3, of.int);
    return 2;
  }
  if ('string' in of) {
    text(to, 4, of.string);
    return 3;
  }
  if ('tensor' in of) {
    message(to, 5, () => writeTensor(to, of.tensor));
    return 4;
  }
  if ('graph' in of) {
    message(to, 6, () => writeGraph(to, of.graph));
    return 5;
  }
  if ('floats' in of) {
    for (const value of of.floats) float(to, 7, value);
    return 6;
  }
  if ('ints' in of) {
    ints(to, 8, of.ints);
    return 7;
  }
  texts(to, 9, of.strings);
  return 8;
}

function writeTensor(to: BinaryWriter, { name, dims, dataType, rawData }: TensorMessage): void {
  ints(to, 1, dims);
  int(to, 2, dataType);
  if (name) text(to, 8, name);
  to.tag(9, WireType.LengthDelimited).bytes(rawData);
}

function writePort(to: BinaryWriter, { name, elementType, shape }: PortMessage): void {
  const writeAxis = (axis: number | string) => {
    if (typeof axis === 'string') text(to, 2, axis);
    else int(to, 1, axis);
  };
  text(to, 1, name);
  message(to, 2, () =>
    message(to, 1, () => {
      int(to, 1, elementType);
      message(to, 2, () => {
        for (const axis of shape) message(to, 1, () => writeAxis(axis));
      });
    }),
  );
}

function message(to: BinaryWriter, field: number, write: () => void): void {
  to.tag(field, WireType.LengthDelimited).fork();
  write();
  to.join();
}

/** Zero, too, is written: ONNX's checker asks whether an attribute has a value. */
function int(to: BinaryWriter, field: number, value: number): void {
  to.tag(field, WireType.Varint).int64(value);
}

function float(to: BinaryWriter, field: number, value: number): void {
  to.tag(field, WireType.Bit32).float(value);
}

function text(to: BinaryWriter, field: number, value: string): void {
  to.tag(field, WireType.LengthDelimited).string(value);
}

function texts(to: BinaryWriter, field: number, values: readonly string[]): void {
  for (const value of values) text(to, field, value);
}

/** Not packed: onnx.proto is of proto2. */
function ints(to: BinaryWriter, field: number, values: readonly number[]): void {
  for (const value of values) int(to, field, value);
}
