// Rows as bits, one for each feature that is low and one for each that is high: two words tell whether any of 32 features differs by much.

/** Bits of `[position, word]` that say of each feature whether it is low, or high; `wordOf` and `bitOf` name its place. */
export interface Masks {
  readonly words: number;
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Where a feature counts as low, at or below; and as high, at or above. */
  readonly lowest: Float64Array;
  readonly highest: Float64Array;
}

/** Quantiles of a feature that count as low and high. */
const QUANTILES = [0.25, 0.75] as const;
/** Positions that they are taken from. */
const SAMPLE = 1024;

/**
 * Bits of all positions. Any levels serve; these leave few pairs whose bits say nothing: a quarter of the rows is low, and a
 * quarter, or what lies `usual` above, is high.
 *
 * @param points `[position, feature]`, the positions in random order.
 * @param usual the difference that will be asked about, about.
 */
export function masksOf(points: Float32Array | Float64Array, features: number, usual: number): Masks {
  const n = points.length / features;
  const words = 4 * Math.ceil(features / 128);
  const lowest = new Float64Array(features);
  const highest = new Float64Array(features);
  const sample = new Float64Array(Math.min(n, SAMPLE));
  for (let f = 0; f < features; f++) {
    for (let i = 0; i < sample.length; i++) sample[i] = points[i * features + f]!;
    sample.sort();
    const [below, above] = QUANTILES.map((share) => sample[Math.floor(share * (sample.length - 1))]!);
    lowest[f] = below!;
    highest[f] = Math.max(above!, below! + usual);
  }
  const low = new Int32Array(n * words);
  const high = new Int32Array(n * words);
  for (let i = 0; i < n; i++) {
    for (let f = 0; f < features; f++) {
      const value = points[i * features + f]!;
      const at = i * words + wordOf(f);
      const bit = bitOf(f);
      if (value <= lowest[f]!) low[at]! |= bit;
      if (value >= highest[f]!) high[at]! |= bit;
    }
  }
  return { words, low, high, lowest, highest };
}

/** Which features of a row differ by at least a distance from every low value, and from every high one. */
export interface FarMasks {
  readonly fromLow: Int32Array;
  readonly fromHigh: Int32Array;
}

/**
 * Where a bit of `fromLow` meets one of another row's `low`, or one of `fromHigh` one of its `high`, the computed difference of
 * that feature is at least `distance`: the sums round to nearest, and a margin of 2^-50 is more than that.
 */
export function farMasks(
  { lowest, highest }: Masks,
  points: Float32Array | Float64Array,
  position: number,
  distance: number,
  into: FarMasks,
): void {
  const features = lowest.length;
  into.fromLow.fill(0);
  into.fromHigh.fill(0);
  for (let f = 0; f < features; f++) {
    const value = points[position * features + f]!;
    const l = lowest[f]!;
    const h = highest[f]!;
    const bit = bitOf(f);
    if (value >= l + distance + 2 ** -50 * (Math.abs(l) + distance)) into.fromLow[wordOf(f)]! |= bit;
    if (value <= h - distance - 2 ** -50 * (Math.abs(h) + distance)) into.fromHigh[wordOf(f)]! |= bit;
  }
}

/** Features that come one after another in a list, as neighbours in an image do, are spread over four words. */
function wordOf(feature: number): number {
  return ((feature >> 7) << 2) + (feature & 3);
}

function bitOf(feature: number): number {
  return 1 << ((feature >> 2) & 31);
}
