// One ReLU for each group of points of one sign: Theorem 3 of Bubeck, Li and Nagaraj (COLT 2021), Appendix C.
import { RobustlawError, requireInteger } from '../errors.ts';
import { gemm, graph, input, linear, parameter, relu, tensor } from '../graph/index.ts';
import { leastNorm, type Matrix, matrix, multiplyVector, row, spectralNormUpper } from '../linalg/index.ts';
import { addUp, multiplyUp, normEnclosure, sqrtUp } from '../numeric/index.ts';
import { integers, permutation, type Rng } from '../random/index.ts';
import { upperBound } from './guarantees.ts';
import type { Memorizer } from './memorizer.ts';
import { checkedScalarSample, labelScale } from './sample.ts';

/**
 * f(x) = sum_l ±2Y ReLU(w_l . x - 1/2), Y = max |y_i|: each of k neurons serves a group of about n/k points of one sign,
 * with w_l the shortest vector that has w_l . x_i = (1 + |y_i| / Y) / 2 on its group and w_l . x_j <= 1/2 on all other
 * points. For labels ±1, as in the paper, this is 2 ReLU(w_l . x - 1/2) with w_l . x_i = 1.
 *
 * Groups are drawn at random; where a neuron is on at a point of another group, one of its points changes places with a
 * point of another group, and so on. On random sphere data this succeeds once k >= C n log(n) / d.
 *
 * Upper bounds. Global: 2Y |W|_2 sqrt(k). On the ball of radius R = max |x_i|: if the neurons A are on at x, then
 * |A| / 2 < sum_A w_l . x <= R |W|_2 sqrt|A|, so |A| < 4 R^2 |W|_2^2, and the gradient is at most 2Y |W|_2 sqrt|A| and at
 * most 2Y times the |A| longest rows: of order n/k up to logarithms, the scaling of the theorem.
 *
 * P = k(d + 2).
 *
 * @param points `[n, d]`. @param labels `[n, 1]`; points with label 0 belong to no group.
 * @param neurons k, in [1, n]; at least 2 for labels of both signs.
 * @throws construction-impossible when no grouping with k groups was found; as `checkedSample`.
 */
export async function groupedNetwork(
  points: Matrix,
  labels: Matrix,
  neurons: number,
  rng: Rng,
): Promise<Memorizer> {
  const sample = checkedScalarSample('the grouped network', points, labels);
  const { rows: n, columns: d } = sample.points;
  requireInteger('neurons', neurons, 1, n);
  const scale = labelScale(sample.labels);
  const targets = sample.labels.data.map((y) => (1 + Math.abs(y) / scale) / 2);
  const groups = initialGroups(sample.labels, neurons, rng);
  const w = separatingWeights(sample.points, targets, groups, rng);
  const outputs = Float64Array.from(groups, ({ sign }) => 2 * sign * scale);

  const weights = parameter('weights', tensor('float64', [neurons, d], w.data));
  const biases = parameter('biases', tensor('float64', [neurons], new Float64Array(neurons).fill(-0.5)));
  const out = parameter('outputs', tensor('float64', [neurons, 1], outputs));
  const spectral = spectralNormUpper(w);
  const globally = multiplyUp(multiplyUp(2 * scale, spectral), sqrtUp(neurons));
  const radius = Math.max(...Array.from({ length: n }, (_, i) => normEnclosure(row(sample.points, i))[1]));
  const lengths = Array.from({ length: neurons }, (_, l) => normEnclosure(row(w, l))[1]);
  const inBall = Math.min(globally, multiplyUp(2 * scale, steepestSum(lengths, spectral, radius)));
  const longest = lengths.indexOf(Math.max(...lengths));
  const member = groups[longest]!.members[0];
  return {
    name: 'grouped network',
    inputDimension: d,
    outputDimension: 1,
    parameterCount: neurons * (d + 2),
    lipschitz: upperBound(inBall, 'neurons that can be on together in the ball of the data', {
      kind: 'ball',
      centre: new Float64Array(d),
      radius,
      norm: 'l2',
    }),
    globalLipschitz: () => upperBound(globally, 'product of spectral norms'),
    ...(member !== undefined && {
      witness: {
        kind: 'direction',
        point: row(sample.points, member).slice(),
        direction: row(w, longest).map((t) => t / lengths[longest]!),
      },
    }),
    graph: (batch) => {
      const x = input('x', 'float64', [batch, d]);
      return graph([x], { y: gemm(relu(linear(x, weights, biases)), out) });
    },
  };
}

/** A neuron is off at a point when w . x is at most this: 1/2 with room for rounding. */
const OFF = 0.5 - 1e-10;

/** Exchanges of points between groups before giving up, per neuron. */
const EXCHANGES = 20;

interface Group {
  readonly sign: number;
  readonly members: number[];
}

/** Points of each sign in random order, cut into groups of nearly equal size; the neurons are shared in proportion. */
function initialGroups(labels: Matrix, neurons: number, rng: Rng): Group[] {
  const shuffled = Array.from(permutation(rng.split('groups'), labels.rows));
  const bySign = [1, -1].map((sign) => shuffled.filter((i) => Math.sign(labels.data[i]!) === sign));
  const [positive, negative] = [bySign[0]!.length, bySign[1]!.length];
  const present = Math.min(1, positive) + Math.min(1, negative);
  if (neurons < present) {
    throw new RobustlawError(
      'construction-impossible',
      'one neuron cannot serve labels of both signs; expected at least 2 neurons',
    );
  }
  const share = Math.round((neurons * positive) / Math.max(1, positive + negative));
  const forPositive =
    positive === 0 ? 0 : negative === 0 ? neurons : Math.min(neurons - 1, Math.max(1, share));
  const cut = (sign: number, members: readonly number[], count: number): Group[] =>
    Array.from({ length: count }, (_, l) => ({
      sign,
      members: members.slice(
        Math.floor((l * members.length) / count),
        Math.floor(((l + 1) * members.length) / count),
      ),
    }));
  return [...cut(1, bySign[0]!, forPositive), ...cut(-1, bySign[1]!, neurons - forPositive)];
}

/** The rows w_l, after exchanges of members until each neuron is off at all points of other groups. */
function separatingWeights(
  points: Matrix,
  targets: Float64Array,
  groups: readonly Group[],
  rng: Rng,
): Matrix {
  const weights = matrix(groups.length, points.columns);
  const intruder = new Int32Array(groups.length);
  const refit = (l: number) => {
    const { members } = groups[l]!;
    if (members.length > 0) row(weights, l).set(shortestWeights(points, targets, members));
    intruder[l] = firstIntruder(points, row(weights, l), members);
  };
  groups.forEach((_, l) => {
    refit(l);
  });
  const draws = integers(rng.split('exchanges'), EXCHANGES * groups.length * 3, 0, 2 ** 30);
  for (let step = 0; step < draws.length; step += 3) {
    const l = intruder.findIndex((j) => j >= 0);
    if (l < 0) return weights;
    const { sign, members } = groups[l]!;
    const partners = groups.flatMap((g, k) =>
      k !== l && g.sign === sign && g.members.length > 0 ? [k] : [],
    );
    if (partners.length === 0) break;
    // A point that intrudes with the right sign is best taken in; otherwise any exchange will do.
    const home = groups.findIndex((g) => g.members.includes(intruder[l]!));
    const welcome = home >= 0 && groups[home]!.sign === sign;
    const k = welcome ? home : partners[draws[step]! % partners.length]!;
    const place = welcome
      ? groups[k]!.members.indexOf(intruder[l]!)
      : draws[step + 1]! % groups[k]!.members.length;
    const own = draws[step + 2]! % members.length;
    [members[own], groups[k]!.members[place]] = [groups[k]!.members[place]!, members[own]!];
    refit(l);
    refit(k);
  }
  if (intruder.some((j) => j >= 0)) {
    throw new RobustlawError(
      'construction-impossible',
      `no grouping into ${groups.length} neurons was found that keeps each neuron off at the points of other groups; ` +
        'use more neurons (of order n log(n) / d on random data)',
    );
  }
  return weights;
}

function shortestWeights(points: Matrix, targets: Float64Array, members: readonly number[]): Float64Array {
  const rows = matrix(members.length, points.columns);
  members.forEach((i, place) => {
    row(rows, place).set(row(points, i));
  });
  return leastNorm(
    rows,
    Float64Array.from(members, (i) => targets[i]!),
  );
}

/** The point outside the group at which the neuron is most on, or -1. */
function firstIntruder(points: Matrix, w: Float64Array, members: readonly number[]): number {
  const own = new Set(members);
  const activations = multiplyVector(points, w);
  let worst = -1;
  for (let j = 0; j < points.rows; j++) {
    if (activations[j]! > OFF && !own.has(j) && (worst < 0 || activations[j]! > activations[worst]!))
      worst = j;
  }
  return worst;
}

/** An upper bound on |sum of the rows on together| in the ball of that radius. */
function steepestSum(lengths: readonly number[], spectral: number, radius: number): number {
  const reach = multiplyUp(2, multiplyUp(radius, spectral));
  const together = Math.min(lengths.length, Math.floor(multiplyUp(reach, reach)));
  const sum = [...lengths]
    .sort((a, b) => b - a)
    .slice(0, together)
    .reduce(addUp, 0);
  return Math.min(sum, multiplyUp(spectral, sqrtUp(together)));
}
