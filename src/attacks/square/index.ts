// The Square attack.
export { square } from './square.ts';
export type { ImageShape } from './window.ts';
