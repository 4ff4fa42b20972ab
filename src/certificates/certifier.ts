// Certified radii of points: the largest of several certificates, each a proof that no change of an input within the radius
// makes the model wrong.
import { scored, type Task, type Threat } from '../attacks/index.ts';
import { invalidArgument, RobustlawError } from '../errors.ts';
import { graph, type Model, singleSample, sizeOf } from '../graph/index.ts';
import { intervalEvaluator } from '../intervals/index.ts';
import { ballWithin, type Network, readNetwork } from '../lipschitz/index.ts';
import { afterSeconds, type Stop, whenDone } from '../stop.ts';
import { intervalBounds, type LowerBounds, linearBounds } from './bounds.ts';
import { largestRadius } from './largest-radius.ts';
import { type LipschitzRadius, lipschitzRadius } from './lipschitz-radius.ts';
import {
  leastMargin,
  marginsOf,
  type Requirement,
  requirementOf,
  suffices,
  withOffsets,
} from './requirement.ts';
import { splitProver } from './split-prover.ts';

/** The ways to certify, cheap ones first. */
export const METHODS = [
  'Lipschitz constants of margins',
  'interval bounds',
  'linear bounds',
  'branch and bound',
] as const;

export type Method = (typeof METHODS)[number];

/** Those that take no more than some evaluations of the model for each point. */
const CHEAP: readonly Method[] = METHODS.slice(0, 2);

/** One proof: no allowed change within `radius` makes the model wrong at the point. */
export interface Certificate {
  readonly method: Method;
  readonly radius: number;
  /** Spent on this point; what all points share is in Certifier.seconds. */
  readonly seconds: number;
}

/** The best certificate of a point: plain data. */
export interface CertifiedRadius {
  /** Infinity where no allowed change at all makes the model wrong; 0 where nothing is proven. */
  readonly radius: number;
  /** Undefined where nothing is proven. */
  readonly method: Method | undefined;
  readonly seconds: number;
  /** Why the radius is 0. */
  readonly note?: string;
  /** What each method proved, in the order of METHODS; the largest is `radius`. */
  readonly certificates: readonly Certificate[];
}

/** Whether the point is certified at one radius. */
export interface Verdict {
  /** Refuted means that `counterexample` is an allowed change at which the model is wrong in float64. */
  readonly kind: 'proven' | 'refuted' | 'open';
  readonly method: Method | undefined;
  readonly seconds: number;
  readonly counterexample?: Float64Array;
}

/** Certifies points of one model, one by one. */
export interface Certifier {
  readonly threat: Threat;
  /** The methods that were asked for and can take the model. */
  readonly methods: readonly Method[];
  /** What methods cannot take, and why. */
  readonly notes: readonly string[];
  /** Spent on what all points share. */
  readonly seconds: number;
  /** The radius as radius() gives it, by constants and interval bounds alone. */
  readonly cheapRadius: (point: ArrayLike<number>, label: ArrayLike<number>) => CertifiedRadius;
  /**
   * A radius, at most that of the threat, within which the prediction of the point is proven to stay right. Each method searches
   * its own largest radius to about 1 %, dear ones only above what is proven; branch and bound spends at most `seconds`
   * (default 0: it is left out). Ends early, with the best so far, after `stop`.
   *
   * @param point `[features]`; it may lie outside of the input bounds, which then reach to it.
   * @param label one row of labels.
   * @param known what cheapRadius() has proven of the point: it is not sought again.
   * @throws invalid-argument or shape-mismatch when the point is not finite or the sizes are not those of the model.
   */
  readonly radius: (
    point: ArrayLike<number>,
    label: ArrayLike<number>,
    seconds?: number,
    stop?: Stop,
    known?: CertifiedRadius,
  ) => CertifiedRadius;
  /**
   * Whether all changes within this radius are proven harmless, by all methods in turn, branch and bound for at most `seconds`.
   *
   * @param known what radius() has said of the point: methods that failed before this radius are not asked again.
   * @throws as radius(); invalid-argument when the radius is not finite and >= 0.
   */
  readonly at: (
    point: ArrayLike<number>,
    label: ArrayLike<number>,
    radius: number,
    seconds: number,
    stop?: Stop,
    known?: CertifiedRadius,
  ) => Verdict;
}

/**
 * Prepares certificates for a model.
 *
 * What is certified is the function that the stored weights define in real arithmetic; all rounding of the proofs is accounted
 * for. A program that evaluates the model in float32 adds its own rounding, which no certificate here bounds: near the border of a
 * certified radius its scores can cross although the true ones do not. A final Softmax or Sigmoid is left out, as attacks do: it keeps the
 * order of scores. In classification the margins f_label - f_j are proven positive, so ties count as lost; in regression
 * |f_k - y_k| <= tolerance is proven for all outputs.
 *
 * The methods: min_j margin / Lip(f_label - f_j) with global constants (Tsuzuku et al. 2018), computed here once within
 * `seconds`; interval bounds (Gowal et al. 2018); linear bounds (CROWN: Zhang et al. 2018); branch and bound over neurons
 * with optimised linear bounds (alpha-beta-CROWN: Xu et al. 2021, Wang et al. 2021). Interval bounds take every graph that has
 * interval rules, linear bounds and branch and bound networks of affine maps and activations. Balls are cut by the input bounds of
 * the threat in all but the first. Lower bounds on the distance to the nearest harmful change.
 *
 * @param threat norm and bounds; radii beyond its radius are not searched.
 * @param seconds for global Lipschitz constants; each method has some certificate however little there is.
 * @throws unsupported-op where the model has several inputs or outputs or takes several rows, or no method can take it.
 */
export function createCertifier(
  model: Model,
  task: Task,
  threat: Threat,
  seconds: number,
  methods: readonly Method[] = METHODS,
  stop: Stop = whenDone,
): Certifier {
  const clock = stopwatch();
  const one = singleSample(model);
  const { scores: y, outputs } = scored(one, 1, task);
  const scores = graph(one.inputs, { ':scores': y });
  const features = sizeOf(one.inputs[0]!.shape);
  const notes: string[] = [];
  const attempt = <T>(what: string, make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof RobustlawError) || error.code !== 'unsupported-op') throw error;
      notes.push(`${what}: ${error.message}`);
      return undefined;
    }
  };
  const asked = (method: Method) => methods.includes(method);
  const network: Network | undefined = attempt('linear bounds', () => readNetwork(scores));
  const evaluate = attempt('evaluation in intervals', () => intervalEvaluator(scores));
  const byConstants: LipschitzRadius | undefined = asked('Lipschitz constants of margins')
    ? attempt('Lipschitz constants of margins', () =>
        lipschitzRadius(scores, task, outputs, threat.norm, seconds, stop),
      )
    : undefined;
  const bounds = new Map<Method, LowerBounds>();
  if (evaluate && asked('interval bounds')) bounds.set('interval bounds', intervalBounds(scores, network));
  if (network && asked('linear bounds')) bounds.set('linear bounds', linearBounds(network));
  const split = network && asked('branch and bound') ? splitProver(network) : undefined;
  const able = METHODS.filter(
    (method) =>
      bounds.has(method) ||
      (method === METHODS[0] && byConstants !== undefined) ||
      (method === 'branch and bound' && split !== undefined),
  );
  if (!evaluate || able.length === 0) {
    throw new RobustlawError(
      'unsupported-op',
      `no certificate can take the model "${model.name}": ${notes.join('; ') || 'no method was asked for'}`,
    );
  }

  const regionAt = (x: Float64Array, radius: number) => ballWithin(x, radius, threat.norm, threat.bounds);
  const read = (point: ArrayLike<number>, label: ArrayLike<number>) => {
    requireLength('coordinates of the point', point.length, features);
    requireLength('entries of the label', label.length, outputs);
    const x = Float64Array.from(point);
    const at = x.findIndex((v) => !Number.isFinite(v));
    if (at >= 0) throw invalidArgument(`coordinate ${at} of the point`, x[at], 'a finite number');
    const requirement = requirementOf(task, label);
    return { x, requirement, margins: marginsOf(requirement, evaluate({ lower: x, upper: x })) };
  };

  const search = (
    point: ArrayLike<number>,
    label: ArrayLike<number>,
    splitSeconds: number,
    stopPoint: Stop,
    wanted: readonly Method[],
    known: readonly Certificate[],
  ): CertifiedRadius => {
    const total = stopwatch();
    const { x, requirement, margins } = read(point, label);
    const atCentre = withOffsets(requirement, margins.lower);
    if (!suffices(requirement, leastMargin(requirement, margins.lower)))
      return nothing(requirement, margins.upper, total());
    const most = Math.min(threat.radius, furthest(x, threat), LARGEST);
    const everything = (radius: number) => (radius >= most && most < LARGEST ? threat.radius : radius);
    const certificates: Certificate[] = [...known];
    const best = () => certificates.reduce((largest, { radius }) => Math.max(largest, radius), 0);
    if (byConstants && wanted.includes(METHODS[0])) {
      const clockOf = stopwatch();
      const radius = byConstants(requirement, margins.lower);
      certificates.push({
        method: METHODS[0],
        radius: Math.min(radius, threat.radius),
        seconds: clockOf(),
      });
    }
    for (const [method, lower] of bounds) {
      if (!wanted.includes(method)) continue;
      if (best() >= most || (certificates.length > 0 && stopPoint())) break;
      const clockOf = stopwatch();
      const bound = lower(requirement, (radius) => regionAt(x, radius), stopPoint);
      const proven = (radius: number) => withOffsets(requirement, bound(radius));
      const first = best() > 0 ? best() : 0.01 * scaleOf(x, threat);
      const radius = everything(largestRadius(proven, atCentre, first, most, stopPoint));
      certificates.push({ method, radius, seconds: clockOf() });
    }
    if (split && splitSeconds > 0 && best() < most && !stopPoint()) {
      const clockOf = stopwatch();
      const ended = either(afterSeconds(splitSeconds), stopPoint);
      const from = best();
      const prove = (radius: number) => {
        const share = afterSeconds((splitSeconds - clockOf()) * SHARE);
        return split(requirement, regionAt(x, radius), either(share, ended)).kind === 'proven';
      };
      const radius = everything(widest(prove, from, 0.01 * scaleOf(x, threat), most, ended));
      if (radius > from) certificates.push({ method: 'branch and bound', radius, seconds: clockOf() });
    }
    const radius = best();
    const winner = certificates.find((certificate) => certificate.radius === radius && radius > 0);
    const note = radius > 0 ? undefined : 'nothing could be proven about any change';
    return { radius, method: winner?.method, seconds: total(), ...(note && { note }), certificates };
  };

  return {
    threat,
    methods: able,
    notes,
    seconds: clock(),
    cheapRadius: (point, label) => search(point, label, 0, whenDone, CHEAP, []),
    radius(point, label, splitSeconds = 0, stopPoint = whenDone, known = undefined) {
      if (!known) return search(point, label, splitSeconds, stopPoint, METHODS, []);
      const dear = METHODS.filter((method) => !CHEAP.includes(method));
      return search(point, label, splitSeconds, stopPoint, dear, known.certificates);
    },
    at(point, label, radius, splitSeconds, stopPoint = whenDone, known = undefined) {
      const total = stopwatch();
      if (!(radius >= 0 && radius < Infinity))
        throw invalidArgument('radius', radius, 'a finite number >= 0');
      const { x, requirement, margins } = read(point, label);
      if (!suffices(requirement, leastMargin(requirement, margins.lower))) {
        const isWrong = leastMargin(requirement, margins.upper) < 0;
        return isWrong
          ? { kind: 'refuted', method: undefined, seconds: total(), counterexample: x }
          : { kind: 'open', method: undefined, seconds: total() };
      }
      if (byConstants && byConstants(requirement, margins.lower) >= radius)
        return { kind: 'proven', method: METHODS[0], seconds: total() };
      const region = regionAt(x, radius);
      // A search ends within 1 % of where its method fails.
      const failed = (method: Method) =>
        (known?.certificates.find((one) => one.method === method)?.radius ?? Infinity) < 0.98 * radius;
      for (const [method, lower] of bounds) {
        if (failed(method)) continue;
        if (
          suffices(requirement, leastMargin(requirement, lower(requirement, () => region, stopPoint)(radius)))
        )
          return { kind: 'proven', method, seconds: total() };
      }
      if (!split) return { kind: 'open', method: undefined, seconds: total() };
      const verdict = split(requirement, region, either(afterSeconds(splitSeconds), stopPoint));
      const method = verdict.kind === 'open' ? undefined : ('branch and bound' as const);
      return {
        kind: verdict.kind,
        method,
        seconds: total(),
        ...(verdict.kind === 'refuted' && { counterexample: verdict.point }),
      };
    },
  };
}

/** Radii beyond this one are as good as infinite, and proofs overflow. */
const LARGEST = 2 ** 500;

/** One radius is tried for at most this share of the time that branch and bound has left. */
const SHARE = 0.4;

const either =
  (a: Stop, b: Stop): Stop =>
  () =>
    a() || b();

/** The point is wrong, or rounding hides that it is right. */
function nothing(requirement: Requirement, upper: Float64Array, seconds: number): CertifiedRadius {
  const note =
    leastMargin(requirement, upper) < 0
      ? 'the model is wrong at the point itself'
      : 'the point lies on the border, as far as rounding lets see';
  return { radius: 0, method: undefined, seconds, note, certificates: [] };
}

/** At least the distance from x to any point that the bounds allow. */
function furthest(x: Float64Array, { norm, bounds: [low, high] }: Threat): number {
  const steps = x.map((v) => Math.max(0, v - low, high - v));
  const largest = steps.reduce((most, v) => Math.max(most, v), 0);
  if (!(largest > 0 && largest < Infinity)) return largest;
  const length =
    norm === 'linf'
      ? largest
      : norm === 'l1'
        ? steps.reduce((sum, v) => sum + v, 0)
        : largest * Math.sqrt(steps.reduce((sum, v) => sum + (v / largest) ** 2, 0));
  return length * (1 + 2 ** -20);
}

/** The size of changes to think of where nothing else is known. */
function scaleOf(x: Float64Array, { norm, bounds: [low, high] }: Threat): number {
  const entry =
    high - low < Infinity ? high - low : x.reduce((most, v) => Math.max(most, Math.abs(v)), 0) || 1;
  return entry * (norm === 'linf' ? 1 : norm === 'l1' ? x.length : Math.sqrt(x.length));
}

/**
 * The largest radius that a proof without margins reaches, from one that is proven already: ever larger steps up to the first
 * failure, then geometric middles, to 1 %.
 */
function widest(
  proves: (radius: number) => boolean,
  from: number,
  first: number,
  most: number,
  stop: Stop,
): number {
  let low = from;
  let high = Infinity;
  let factor = 1.1;
  for (let trial = from > 0 ? from * factor : first; !stop(); ) {
    const radius = Math.min(trial, most);
    if (proves(radius)) low = radius;
    else high = radius;
    if (low >= most || high <= 1.01 * low || high < 1e-9 * first) break;
    factor = high === Infinity ? factor * factor : factor;
    trial = high === Infinity ? low * factor : low > 0 ? Math.sqrt(low * high) : high / 4;
  }
  return low;
}

function requireLength(what: string, length: number, expected: number): void {
  if (length !== expected)
    throw new RobustlawError('shape-mismatch', `${length} ${what}; expected ${expected}, as the model has`);
}

/** Seconds since now. */
function stopwatch(): () => number {
  const start = performance.now();
  return () => (performance.now() - start) / 1e3;
}
