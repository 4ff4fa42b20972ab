// The one door to ONNX Runtime, to worker threads and processes, and to model files.
export { readModel } from './files.ts';
export type { JobContext, Outcome, Pool } from './pool.ts';
export { createProcessPool } from './processes.ts';
export type { Arrays, Program } from './program.ts';
export { compile, evaluate } from './program.ts';
export { fillRows, type Rows, runRows } from './rows.ts';
export { disposeIdleSessions, sessionCounts } from './sessions.ts';
export { createPool } from './threads.ts';
