// Tensors, attributes and declared types as ONNX protobuf messages.
import { create } from '@bufbuild/protobuf';
import type { AttributeProto, TensorProto, ValueInfoProto } from 'onnx-buf';
import {
  AttributeProto_AttributeType as AttributeKind,
  AttributeProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { RobustlawError } from '../errors.ts';
import { toLittleEndian } from './bytes.ts';
import { TYPE_CODES } from './ops/cast.ts';
import type { Tensor, TensorType } from './tensor.ts';
import type { AttributeType, AttributeValue, Node } from './value.ts';
import { CONSTANT } from './value.ts';

/** An attribute of a node, in the type its operator declares. */
export function encodeAttribute(name: string, value: AttributeValue, node: Node): AttributeProto {
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

/** A tensor with its elements as raw bytes. */
export function encodeTensor(t: Tensor, name: string): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: t.shape.map(BigInt),
    dataType: TYPE_CODES[t.dtype],
    rawData: toLittleEndian(t.data) as Uint8Array<ArrayBuffer>,
  });
}

/** The declaration of an input or output; `symbol` takes the place of the length of its first axis. */
export function valueInfo(name: string, value: TensorType, symbol?: string): ValueInfoProto {
  const dim = value.shape.map((axis, i) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        symbol !== undefined && i === 0
          ? { case: 'dimParam', value: symbol }
          : { case: 'dimValue', value: BigInt(axis) },
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
