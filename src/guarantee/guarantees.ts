// Guarantees live in types: a bound, a witness and an estimate are different things and never share a column.

/** Norm in which inputs are measured; outputs of vector functions use the same norm. */
export type Norm = 'l1' | 'l2' | 'linf';

/** Where the number holds. */
export type Domain =
  | { readonly kind: 'global' }
  | { readonly kind: 'ball'; readonly centre: Float64Array; readonly radius: number; readonly norm: Norm }
  | { readonly kind: 'box'; readonly lower: Float64Array; readonly upper: Float64Array }
  | { readonly kind: 'sphere' };

export const GLOBAL: Domain = { kind: 'global' };

interface Claim {
  readonly norm: Norm;
  readonly domain: Domain;
  /** Name of the theorem or algorithm, e.g. `product of spectral norms`. */
  readonly method: string;
  readonly arithmetic: 'float64' | 'float32';
}

/** A number that is known in closed form; `enclosure` holds it with the rounding of float64 accounted for. */
export interface Exact extends Claim {
  readonly kind: 'exact';
  readonly value: number;
  readonly enclosure: readonly [lower: number, upper: number];
}

/** No Lipschitz quotient exceeds `value`; rounding accounted for. */
export interface CertifiedUpperBound extends Claim {
  readonly kind: 'upper';
  readonly value: number;
}

/** What a receiver needs to check a lower bound again. */
export type Witness =
  | { readonly kind: 'pair'; readonly a: Float64Array; readonly b: Float64Array }
  | { readonly kind: 'direction'; readonly point: Float64Array; readonly direction: Float64Array };

/** The witness attains at least `value`. */
export interface WitnessedLowerBound extends Claim {
  readonly kind: 'lower';
  readonly value: number;
  readonly witness: Witness;
}

/** A statistic: `interval` covers the truth with probability `confidence` under the method's assumptions. */
export interface Estimate {
  readonly kind: 'estimate';
  readonly value: number;
  readonly interval: readonly [lower: number, upper: number];
  readonly confidence: number;
  readonly method: string;
}

/** A Lipschitz constant from above. */
export type UpperGuarantee = Exact | CertifiedUpperBound;

/** The certified end of a guarantee from above. */
export function upperEnd(guarantee: UpperGuarantee): number {
  return guarantee.kind === 'exact' ? guarantee.enclosure[1] : guarantee.value;
}
