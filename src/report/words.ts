// Guarantees, norms and domains as the pages word them.
import type { Domain, Norm, UpperGuarantee, WitnessedLowerBound } from '../guarantee/index.ts';
import { significant } from './number.ts';

type Claim = UpperGuarantee | WitnessedLowerBound;

export const KINDS: Readonly<Record<Claim['kind'], string>> = {
  exact: '= exact',
  upper: '\u2264 certified',
  lower: '\u2265 witnessed',
};

export const NORMS: Readonly<Record<Norm, string>> = {
  l1: '\u2113\u2081',
  l2: '\u2113\u2082',
  linf: '\u2113\u221E',
};

export function domainText(domain: Domain): string {
  switch (domain.kind) {
    case 'global':
      return 'whole space';
    case 'sphere':
      return 'unit sphere';
    case 'box':
      return 'box';
    case 'ball':
      return `${NORMS[domain.norm]} ball of radius ${significant(domain.radius)}`;
  }
}
