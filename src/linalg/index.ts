// Dense linear algebra in float64: factorisations, projections, and spectral norms with certificates.
export { centredRows, powerOfTwoNear } from './centred.ts';
export { cholesky, choleskySolve, tryCholesky } from './cholesky.ts';
export { type SymmetricEigen, singularValues, solve, symmetricEigen } from './decompositions.ts';
export { largestEigenpair } from './lanczos.ts';
export { leastNorm } from './least-norm.ts';
export { identity, type Matrix, matrix, row, transpose } from './matrix.ts';
export { orthonormalRows, randomProjection } from './orthonormal.ts';
export { gram, multiply, multiplyTransposed, multiplyVector, multiplyVectorTransposed } from './product.ts';
export {
  largestSpectralNormUpper,
  spectralNormAtMost,
  spectralNormUpper,
  spectralNormWitness,
  stretchLower,
} from './spectral-norm.ts';
export { inverseFromCholesky, timesInverseTransposed } from './triangular.ts';
