// What a graph can compute on a box of inputs: enclosures in float64 with all rounding accounted for.
export { type Activation, activationOf, lipschitzOf, type Range, RELU } from './activation.ts';
