// What the package offers of this folder: what the rest of the code has, and the reading of files.
export * from './index.ts';
export * from './onnx-file/index.ts';
