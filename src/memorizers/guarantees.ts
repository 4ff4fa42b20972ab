// Guarantees in l2 and float64, as the memorizers state them.
import type { CertifiedUpperBound, Domain, Exact } from '../guarantee/index.ts';
import { GLOBAL } from '../guarantee/index.ts';
import type { Enclosure } from '../numeric/index.ts';

/** A constant known in closed form, by its enclosure; its value is the upper end, so that it is safe to use alone. */
export function exact(enclosure: Enclosure, method: string, domain: Domain = GLOBAL): Exact {
  return { kind: 'exact', value: enclosure[1], enclosure, norm: 'l2', domain, method, arithmetic: 'float64' };
}

/** A constant that no slope exceeds. */
export function upperBound(value: number, method: string, domain: Domain = GLOBAL): CertifiedUpperBound {
  return { kind: 'upper', value, norm: 'l2', domain, method, arithmetic: 'float64' };
}
