// ONNX graphs as plain values: build, differentiate, rewrite, encode, decode and import.
export { bytesOfDerivative, work } from './cost.ts';
export * from './differentiate.ts';
export { encode } from './encode.ts';
export { encodeForAnyBatch } from './encode-batch.ts';
export { encodeRecurrence } from './encode-recurrence.ts';
export * from './graph.ts';
export { importForBatch, importGraph } from './import.ts';
export { lowerForRuntime } from './lower.ts';
export type { InputBounds, Model, Port } from './model.ts';
export { BATCH, encodeModel, modelFrom, modelFromOnnx } from './model.ts';
export type { Dimension, OnnxGraph, OnnxModel, OnnxNode, OnnxPort } from './onnx-model.ts';
export * from './ops/index.ts';
export { type Recurrence, recurrence, resultsOf } from './recurrence.ts';
export { singleSample } from './single-sample.ts';
export { affineIndex, broadcastIndex, stridesOf } from './strides.ts';
export * from './tensor.ts';
export type { Attributes, Node, Op, Value } from './value.ts';
export { constant, emit, emit1, input, int64s, nameOf, OPSET, parameter, scalar, tensorOf } from './value.ts';
