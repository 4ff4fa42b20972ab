// Families of functions that are 1-Lipschitz by a certificate: what the test of isoperimetry holds against the data.
import type { CertifiedUpperBound, Norm } from '../guarantee/index.ts';

/** Points one after another, `[rows, features]`, centred and scaled. */
export interface Points {
  readonly rows: number;
  readonly features: number;
  readonly data: Float64Array;
}

/** One function on the rows of some points. */
export interface Evaluated {
  /** `[rows]`. */
  readonly values: Float64Array;
  /** `[rows]`, upper bounds on |grad f|_2^2 in [0, 1]; absent where there is none better than 1. */
  readonly slopes?: Float64Array;
}

/** A function with an upper bound on its Lipschitz constant, at most 1. */
export interface CertifiedFunction {
  readonly name: string;
  readonly constant: CertifiedUpperBound;
}

/** Functions that are evaluated together. */
export interface FunctionFamily {
  readonly name: string;
  readonly functions: readonly CertifiedFunction[];
  /** All functions on all rows, in the order of `functions`. */
  evaluate(points: Points): Promise<readonly Evaluated[]>;
}

/** A certificate on the whole space. */
export function certified(norm: Norm, value: number, method: string): CertifiedUpperBound {
  return { kind: 'upper', norm, domain: { kind: 'global' }, method, arithmetic: 'float64', value };
}
