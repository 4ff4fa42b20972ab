// The public API: one namespace per idea. ARCHITECTURE.md says what each holds.
export * as data from './data/index.ts';
export { type ErrorCode, RobustlawError } from './errors.ts';
export * as graph from './graph/index.ts';
export * as guarantee from './guarantee/index.ts';
export * as law from './law/index.ts';
export * as linalg from './linalg/index.ts';
export * as lipschitz from './lipschitz/index.ts';
export * as memorizers from './memorizers/index.ts';
export * as models from './models/index.ts';
export * as numeric from './numeric/index.ts';
export * as random from './random/index.ts';
export * as report from './report/index.ts';
export * as runtime from './runtime/index.ts';
export * as study from './study/index.ts';
export * as training from './training/index.ts';
