// Every operator and its builder functions.
export * from './activation.ts';
export * from './arithmetic.ts';
export * from './cast.ts';
export * from './conv.ts';
export * from './elementary.ts';
export * from './fill.ts';
export * from './indexing.ts';
export * from './layout.ts';
export * from './matmul.ts';
export * from './normalization.ts';
export * from './pooling.ts';
export * from './rearrangement.ts';
export * from './reduction.ts';
export { operators } from './registry.ts';
export * from './resize.ts';
export * from './slicing.ts';
export * from './softmax.ts';
export * from './trigonometric.ts';
