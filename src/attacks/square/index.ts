// The Square attack.
export { square } from './square.ts';
export { channelOf, type ImageShape } from './window.ts';
