// The one door to ONNX Runtime, and to worker threads and processes.

export type { Arrays } from './executable.ts';
export type { JobContext, Outcome, Pool } from './pool.ts';
export { createProcessPool } from './processes.ts';
export type { Program } from './program.ts';
export { compile, evaluate } from './program.ts';
export { compileRecurrence, type RecurrentProgram } from './recurrent-program.ts';
export { fillRows, padRows, type Rows, runRows } from './rows.ts';
export { disposeIdleSessions, sessionCounts } from './sessions.ts';
export { createPool } from './threads.ts';
