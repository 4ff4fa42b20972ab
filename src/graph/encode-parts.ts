// Tensors, attributes and declared types as the messages of an ONNX file.
import { RobustlawError } from '../errors.ts';
import { toLittleEndian } from './bytes.ts';
import type { AttributeMessage, PortMessage, TensorMessage } from './onnx-messages.ts';
import { TYPE_CODES } from './ops/cast.ts';
import type { Tensor, TensorType } from './tensor.ts';
import type { AttributeType, AttributeValue, Node } from './value.ts';
import { CONSTANT } from './value.ts';

/** An attribute of a node, in the type its operator declares. */
export function attributeMessage(name: string, value: AttributeValue, node: Node): AttributeMessage {
  const type: AttributeType | undefined = node.op === CONSTANT ? 'tensor' : node.op.attributes[name];
  switch (type) {
    case 'int':
      return { name, int: value as number };
    case 'ints':
      return { name, ints: value as number[] };
    case 'float':
      return { name, float: value as number };
    case 'floats':
      return { name, floats: value as number[] };
    case 'string':
      return { name, string: value as string };
    case 'strings':
      return { name, strings: value as string[] };
    case 'tensor':
      return { name, tensor: tensorMessage(value as Tensor, '') };
    case undefined:
      throw new RobustlawError('internal', `${node.op.name} has no attribute "${name}"`);
  }
}

/** A tensor with its elements as raw bytes. */
export function tensorMessage({ dtype, shape, data }: Tensor, name: string): TensorMessage {
  return { name, dims: shape, dataType: TYPE_CODES[dtype], rawData: toLittleEndian(data) };
}

/** The declaration of an input or output; `symbol` takes the place of the length of its first axis. */
export function portMessage(name: string, { dtype, shape }: TensorType, symbol?: string): PortMessage {
  const axes = shape.map((axis, i) => (i === 0 ? (symbol ?? axis) : axis));
  return { name, elementType: TYPE_CODES[dtype], shape: axes };
}
