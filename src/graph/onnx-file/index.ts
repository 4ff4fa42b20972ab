// ONNX files, read: a door of its own, for the library that reads them is much to load for a worker that only writes them.
export { decodeModel } from './decode-model.ts';
export type { ExternalData } from './decode-tensor.ts';
export { readModel } from './read-model.ts';
