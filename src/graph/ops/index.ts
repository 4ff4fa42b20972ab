// Every operator and its builder functions.
export * from './arithmetic.ts';
export * from './cast.ts';
export * from './elementary.ts';
export * from './fill.ts';
export * from './indexing.ts';
export * from './layout.ts';
export * from './matmul.ts';
export * from './reduction.ts';
export { operators } from './registry.ts';
