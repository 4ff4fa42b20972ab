// What the package offers of this folder: what the rest of the code has, and the schemas.
export * from './index.ts';
export * from './schema.ts';
