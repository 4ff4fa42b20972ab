// ONNX graphs as plain values: build, differentiate, rewrite, encode.
export * from './differentiate.ts';
export { encode, encodeForAnyBatch } from './encode.ts';
export * from './graph.ts';
export { lowerForRuntime } from './lower.ts';
export * from './ops/index.ts';
export * from './tensor.ts';
export type { Attributes, Node, Op, Value } from './value.ts';
export { constant, emit, emit1, input, int64s, nameOf, OPSET, parameter, scalar, tensorOf } from './value.ts';
