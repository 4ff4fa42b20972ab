// The one door to ONNX Runtime.
export type { Arrays, Program } from './program.ts';
export { compile, evaluate } from './program.ts';
