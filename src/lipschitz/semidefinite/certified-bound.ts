// From multipliers to a bound that holds: the largest rho that the proof in floating point accepts.
import type { CertifiedUpperBound, Domain } from '../../guarantee/index.ts';
import { spectralNormUpper } from '../../linalg/index.ts';
import { addUp, divideUp, multiplyUp, sqrtUp } from '../../numeric/index.ts';
import { isCertified } from './certificate.ts';
import type { Point } from './closed-forms.ts';
import { scaledUp } from './exponents.ts';
import type { Program } from './program.ts';

/** A bound in the Euclidean norm. */
export function upperBound(value: number, method: string, domain: Domain): CertifiedUpperBound {
  return { kind: 'upper', value, norm: 'l2', domain, method, arithmetic: 'float64' };
}

/**
 * The bound from the first of the points that can be proven, with rho reduced by as little as the proof needs; Infinity
 * if none can. A program without neurons is a matrix, whose norm it is.
 */
export function certifiedBound(program: Program, points: readonly Point[]): number {
  if (!readsNeurons(program)) return linearBound(program);
  const n = program.blocks.reduce((sum, { size }) => sum + size, program.inputs);
  for (const { lambda, rho } of points) {
    for (let margin = n * 2 ** -44; margin < 1; margin *= 8) {
      const candidate = rho * (1 - margin);
      if (isCertified(program, lambda, candidate)) return boundOf(program, candidate);
    }
  }
  return Number.POSITIVE_INFINITY;
}

/** Whether the output depends on any neuron; if not, there is nothing to search. */
export function readsNeurons({ output: { terms } }: Program): boolean {
  return [...terms].some(([k, c]) => k > 0 && c.data.some((t) => t !== 0));
}

/** 2^exponent / sqrt(rho), rounded upwards. */
export function boundOf({ exponent }: Program, rho: number): number {
  return scaledUp(sqrtUp(divideUp(1, rho)), exponent);
}

/** Outputs that read no neuron: |C|_2 and the error of its coefficients. */
function linearBound({ blocks, features, output: { terms, error, rows }, exponent }: Program): number {
  // Errors on neurons cannot be weighed against a form that says nothing of them.
  if (blocks.length > 0 && error > 0) return Number.POSITIVE_INFINITY;
  const c = terms.get(0);
  const unsure = multiplyUp(error, sqrtUp(rows * features));
  const norm = c ? spectralNormUpper(c) : 0;
  return scaledUp(unsure === 0 ? norm : addUp(norm, unsure), exponent);
}
