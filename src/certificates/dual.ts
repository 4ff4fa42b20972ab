// The dual bound of one margin with free multipliers: slopes of lower lines (alpha-CROWN: Xu et al. 2021) and of neurons that
// were split at their kink (beta-CROWN: Wang et al. 2021). Any multipliers give a bound; better ones are found by subgradients.
import { type Matrix, matrix } from '../linalg/index.ts';
import { linearUpperBounds, type Network, type Propagated, type RelaxedBlock } from '../lipschitz/index.ts';
import { addUp, gamma, multiplyUp } from '../numeric/index.ts';
import { support } from './support.ts';

type Form = Network['output'];

/** Entry per neuron, all blocks one after another. */
export interface Multipliers {
  /** Slope of the lower line of a neuron whose kink is undecided. */
  readonly alpha: Float64Array;
  /** Multiplier >= 0 of the constraint that a split neuron keeps to its side. */
  readonly beta: Float64Array;
  /** 1 where a neuron was split to z >= 0, -1 where to z <= 0, 0 elsewhere. */
  readonly side: Int8Array;
}

/** What one evaluation of the bound says, up to rounding. */
export interface DualValue {
  readonly bound: number;
  /** Where in the region the relaxation is largest. */
  readonly point: Float64Array;
  /** How fast the bound grows with the value of each neuron. */
  readonly coefficients: Float64Array;
  /** Pre-activations at the point, as the relaxation has them. */
  readonly preactivations: Float64Array;
}

/** Upper bounds on a form c x over a region, one for each choice of multipliers. */
export interface Dual {
  /** Neurons that may be split: those undecided at their kink. */
  readonly open: readonly number[];
  /** The slopes of the blocks as they were relaxed, and no splits. */
  readonly start: () => Multipliers;
  /** In plain float64. */
  readonly value: (multipliers: Multipliers) => DualValue;
  /** The same bound with all rounding accounted for. Certified where the splits of the multipliers hold. */
  readonly certified: (multipliers: Multipliers) => number;
  /** Where the slopes of a neuron's lower line may lie. */
  readonly slopes: (neuron: number) => readonly [low: number, high: number];
  /** By how much the relaxation of a neuron exceeds it at the point, and by how much its intercept lifts the bound. */
  readonly looseness: (neuron: number, value: DualValue) => { gap: number; intercept: number };
}

/** Slopes left and right of a convex kink at 0, through the origin. */
interface Kink {
  readonly left: number;
  readonly right: number;
}

/**
 * The bounds of a form of one row. Its neurons with one convex kink at zero (ReLU, leaky ReLU, absolute value) that ranges
 * leave undecided have free multipliers; all others keep the lines of `propagated`.
 *
 * Cost of a bound: the weights of the network once, twice with its subgradient.
 */
export function createDual(network: Network, form: Form, propagated: Propagated): Dual {
  const { relaxed, extents, region, preactivations } = propagated;
  const offsets = [0];
  for (const { activations } of network.blocks) offsets.push(offsets.at(-1)! + activations.length);
  const count = offsets.at(-1)!;
  const kinks: (Kink | undefined)[] = new Array(count);
  network.blocks.forEach(({ activations }, k) => {
    activations.forEach((activation, i) => {
      const [low, high] = [preactivations[k]!.lower[i]!, preactivations[k]!.upper[i]!];
      const [left, right] = activation.pieces?.slopes ?? [];
      const single = activation.pieces?.breakpoints.length === 1 && activation.pieces.breakpoints[0] === 0;
      if (!single || !(low < 0 && high > 0) || !Number.isFinite(high - low)) return;
      if (left! < right! && activation.value(0) === 0 && activation.relativeError === 0)
        kinks[offsets[k]! + i] = { left: left!, right: right! };
    });
  });
  const open = [...kinks.keys()].filter((i) => kinks[i] !== undefined);

  /** The line through which neuron i of block k passes a coefficient c: slope and intercept. */
  const line = (k: number, i: number, c: number, { alpha, side }: Multipliers): [number, number] => {
    const at = offsets[k]! + i;
    const kink = kinks[at];
    const { upperSlope, upperIntercept, lowerSlope, lowerIntercept } = relaxed[k]!;
    // On its side a split neuron is a line exactly.
    if (kink && side[at] !== 0) return [side[at]! > 0 ? kink.right : kink.left, 0];
    if (c > 0) return [upperSlope[i]!, upperIntercept[i]!];
    return kink ? [alpha[at]!, 0] : [lowerSlope[i]!, lowerIntercept[i]!];
  };

  const value = (multipliers: Multipliers): DualValue => {
    const { beta, side } = multipliers;
    const sums = [network.features, ...network.blocks.map(({ activations }) => activations.length)].map(
      (size) => new Float64Array(size),
    );
    for (const [k, w] of form.terms) sums[k]!.set(w.data);
    const coefficients = new Float64Array(count);
    const slopes = new Float64Array(count);
    const intercepts = new Float64Array(count);
    let constant = form.bias[0]!;
    for (let k = network.blocks.length; k >= 1; k--) {
      const { bias, terms } = network.blocks[k - 1]!.preactivation;
      const passed = new Float64Array(bias.length);
      for (let i = 0; i < bias.length; i++) {
        const c = sums[k]![i]!;
        const at = offsets[k - 1]! + i;
        const [slope, intercept] = line(k - 1, i, c, multipliers);
        coefficients[at] = c;
        slopes[at] = slope;
        intercepts[at] = intercept;
        passed[i] = (c === 0 ? 0 : c * slope) + side[at]! * beta[at]!;
        if (c !== 0) constant += c * intercept;
        if (passed[i] !== 0) constant += passed[i]! * bias[i]!;
      }
      for (const [j, w] of terms) addRows(passed, w.data, w.columns, sums[j]!);
    }
    const { value: reached, point } = support(region, sums[0]!);
    const values = [point];
    const all = new Float64Array(count);
    network.blocks.forEach(({ preactivation }, k) => {
      const x = new Float64Array(preactivation.rows);
      for (let i = 0; i < x.length; i++) {
        const at = offsets[k]! + i;
        // Values that nothing meets are of no use.
        if (coefficients[at] === 0 && side[at] === 0) continue;
        let z = preactivation.bias[i]!;
        for (const [j, { data, columns }] of preactivation.terms) {
          const before = values[j]!;
          for (let c = 0, p = i * columns; c < columns; c++, p++) z += data[p]! * before[c]!;
        }
        all[at] = z;
        x[i] = slopes[at]! * z + intercepts[at]!;
      }
      values.push(x);
    });
    return { bound: constant + reached, point, coefficients, preactivations: all };
  };

  const certified = (multipliers: Multipliers): number => {
    const blocks = relaxed.map((block, k): RelaxedBlock => {
      const [lowerSlope, upperSlope] = [block.lowerSlope.slice(), block.upperSlope.slice()];
      const [lowerIntercept, upperIntercept] = [block.lowerIntercept.slice(), block.upperIntercept.slice()];
      for (let i = 0; i < lowerSlope.length; i++) {
        const kink = kinks[offsets[k]! + i];
        if (!kink) continue;
        [lowerSlope[i], lowerIntercept[i]] = line(k, i, -1, multipliers);
        [upperSlope[i], upperIntercept[i]] = line(k, i, 1, multipliers);
      }
      return { ...block, lowerSlope, upperSlope, lowerIntercept, upperIntercept };
    });
    const whole = withConstraints(network, form, multipliers, offsets);
    return linearUpperBounds(whole, blocks, extents, region.ball)[0]!;
  };

  return {
    open,
    start: () => {
      const alpha = new Float64Array(count);
      relaxed.forEach(({ lowerSlope }, k) => {
        alpha.set(lowerSlope, offsets[k]!);
      });
      for (const at of open) alpha[at] = clamp(alpha[at]!, kinks[at]!.left, kinks[at]!.right);
      return { alpha, beta: new Float64Array(count), side: new Int8Array(count) };
    },
    value,
    certified,
    slopes: (at) => [kinks[at]!.left, kinks[at]!.right],
    looseness: (at, { coefficients, preactivations: z }) => {
      const k = offsets.findLastIndex((from) => from <= at);
      const i = at - offsets[k]!;
      const c = coefficients[at]!;
      const { left, right } = kinks[at]!;
      const { upperSlope, upperIntercept, lowerSlope } = relaxed[k]!;
      const exact = z[at]! * (z[at]! > 0 ? right : left);
      const chosen = c > 0 ? upperSlope[i]! * z[at]! + upperIntercept[i]! : lowerSlope[i]! * z[at]!;
      return { gap: Math.abs(c) * Math.abs(chosen - exact), intercept: Math.max(0, c) * upperIntercept[i]! };
    },
  };
}

/**
 * The form plus beta z for every neuron split to z >= 0 and minus beta z for those split to z <= 0: nowhere smaller on the side
 * of the splits. Rounding is added to the errors of the form.
 */
function withConstraints(
  network: Network,
  form: Form,
  { beta, side }: Multipliers,
  offsets: readonly number[],
): Form {
  const terms = new Map<number, Matrix>([...form.terms].map(([k, w]) => [k, { ...w, data: w.data.slice() }]));
  // For each block, at least the sum of the absolute values of what is added to one coefficient.
  let added = 0;
  let inherited = 0;
  let count = 0;
  const bias = form.bias.slice();
  let ofBias = Math.abs(bias[0]!);
  network.blocks.forEach(({ preactivation }, k) => {
    const weights = new Float64Array(preactivation.rows);
    for (let i = 0; i < weights.length; i++) {
      const at = offsets[k]! + i;
      const b = side[at]! * beta[at]!;
      if (b === 0) continue;
      weights[i] = b;
      count++;
      bias[0]! += b * preactivation.bias[i]!;
      ofBias += Math.abs(b * preactivation.bias[i]!);
      inherited += beta[at]! * Math.max(preactivation.coefficientError, preactivation.biasError);
      added += beta[at]! * largest(preactivation, i);
    }
    for (const [j, w] of preactivation.terms) {
      const sum = terms.get(j) ?? matrix(1, w.columns);
      terms.set(j, sum);
      addRows(weights, w.data, w.columns, sum.data);
    }
  });
  if (count === 0) return form;
  const size = addUp(
    added,
    [...form.terms.values()].reduce((most, { data }) => Math.max(most, peak(data)), 0),
  );
  // Twice the bound of a sum covers that the sizes are rounded as well; the smallest numbers, that products underflow.
  const rounding = 2 * gamma(count + 4);
  const slack = (v: number) => addUp(multiplyUp(rounding, v), 2 * inherited + 2 ** -1060);
  return {
    ...form,
    terms,
    bias,
    coefficientError: addUp(form.coefficientError, slack(size)),
    biasError: addUp(form.biasError, slack(ofBias)),
  };
}

const largest = (form: Form, row: number): number =>
  [...form.terms.values()].reduce(
    (most, { columns, data }) => Math.max(most, peak(data.subarray(row * columns, (row + 1) * columns))),
    0,
  );

function peak(data: Float64Array): number {
  let most = 0;
  for (let i = 0; i < data.length; i++) most = Math.max(most, Math.abs(data[i]!));
  return most;
}

const clamp = (v: number, low: number, high: number): number => Math.min(high, Math.max(low, v));

/** sum += a W for the rows of W whose factor is not zero. */
function addRows(a: Float64Array, w: Float64Array, columns: number, sum: Float64Array): void {
  for (let r = 0; r < a.length; r++) {
    const factor = a[r]!;
    if (factor === 0) continue;
    for (let c = 0, p = r * columns; c < columns; c++, p++) sum[c]! += factor * w[p]!;
  }
}
