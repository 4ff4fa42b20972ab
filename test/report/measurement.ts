// A measurement of a Lipschitz constant as a fixture, with text that must be escaped.
import type { Answer, Domain, LipschitzMeasurement } from '../../src/guarantee/index.ts';

const GLOBAL: Domain = { kind: 'global' };
const shared = { norm: 'l2', domain: GLOBAL, arithmetic: 'float64' } as const;
export const above = (method: string, value: number) => ({
  ...shared,
  kind: 'upper' as const,
  method,
  value,
});
export const below = (method: string, value: number) => ({
  ...shared,
  kind: 'lower' as const,
  method,
  value,
  witness: { kind: 'pair' as const, a: Float64Array.of(0), b: Float64Array.of(1) },
});
export const answer = (...guarantees: Answer['guarantees']): Answer => ({
  method: guarantees[0]!.method,
  guarantees,
  seconds: 0.25,
});

export const MEASUREMENT: LipschitzMeasurement = {
  norm: 'l2',
  domain: GLOBAL,
  lower: below('ascent <b>', 24.0264),
  upper: above('LipSDP-Neuron', 24.3663489),
  answers: [
    answer(above('product', 31.503506)),
    answer(above('LipSDP-Neuron', 24.3663489)),
    { method: 'cells', guarantees: [], note: 'takes up to 128 neurons', seconds: 0 },
    answer(below('ascent <b>', 24.0264)),
  ],
};
