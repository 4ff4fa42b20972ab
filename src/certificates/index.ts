// Certificates: radii around points within which no change of the input makes a model wrong, proven.
export {
  type Certificate,
  type CertifiedRadius,
  type Certifier,
  createCertifier,
  METHODS,
  type Method,
  type Verdict,
} from './certifier.ts';
export { classStabilityFromBelow } from './class-stability.ts';
