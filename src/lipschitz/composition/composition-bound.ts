// The composition of norms: a certified global upper bound for any graph of operators (for a chain the product of layer
// norms, Szegedy et al. 2014, section 4.3).
import { RobustlawError } from '../../errors.ts';
import type { Graph, Node, Shape, Value } from '../../graph/index.ts';
import { sameShape, showType, sizeOf, topological } from '../../graph/index.ts';
import { type CertifiedUpperBound, GLOBAL, type Norm } from '../../guarantee/index.ts';
import { addUp, normEnclosure } from '../../numeric/index.ts';
import { type Stop, whenDone } from '../../stop.ts';
import { elementwiseOf } from '../network/elementwise.ts';
import { portsOf } from '../network/ports.ts';
import { timesUp } from './entries.ts';
import { elementwiseFactor, factorOf, standardisationFactor } from './factors.ts';
import { added, composed, IDENTITY, type LinearMap, mapNormUpper, uniform } from './linear-map.ts';
import { expanded, linearMapOf } from './linear-nodes.ts';
import { describe, reasonFor } from './reasons.ts';
import { repetitionNorm } from './selections.ts';
import { standardisedOf } from './standardised.ts';

/** Methods for graphs in which no two branches meet. */
export const PRODUCT_OF_NORMS: Readonly<Record<Norm, string>> = {
  l1: 'product of largest column sums',
  l2: 'product of spectral norms',
  linf: 'product of largest row sums',
};

/** Methods for all others. */
export const COMPOSITION_OF_NORMS: Readonly<Record<Norm, string>> = {
  l1: 'composition of largest column sums',
  l2: 'composition of spectral norms',
  linf: 'composition of largest row sums',
};

/**
 * An upper bound K_y on the Lipschitz constant of a graph, from a bound K_v on each value v as a function of the input:
 *
 * - K_v = ||A|| K_u for v = A u + b, A the product of the linear operators since the last nonlinear one as far as they
 *   merge into one matrix, kernel or diagonal (dense, scaling, batch normalisation after or before a convolution);
 * - K_v = max |slope| K_u for elementwise activations, and a proven constant times K_u for pooling, softmax and
 *   normalisation layers (src/lipschitz/composition/normalization.ts);
 * - sums: K_v = ||A + B|| K_u where both are linear in the same u and merge (x + W x, beside each other convolutions), else
 *   K_v = K_a + K_b;
 * - values side by side (Concat, Where, Max, Min): K_a + K_b in l1, sqrt(K_a^2 + K_b^2) in l2, max(K_a, K_b) in linf.
 *
 * For a chain this is the product of layer norms. All rounding is accounted for; Infinity where the product overflows.
 *
 * Time: in l1 and linf as long as the weights are read; in l2 m^2 n / 2 + m^3 / 6 multiply-adds for a dense layer of
 * smaller side m, and for a convolution what convolutionNormUpper() states; once `stop` says so, looser norms are taken
 * for the layers that are left.
 *
 * @param g One input, one output; rows of a batch that do not influence each other may be several.
 * @throws unsupported-op naming the operator that has no finite global constant (or no rule), why, and the constant of the
 *   part before it; unsupported-type for integer inputs; invalid-argument when a weight is not finite. Upper bound.
 */
export function compositionBound(g: Graph, norm: Norm = 'l2', stop: Stop = whenDone): CertifiedUpperBound {
  const { x, y } = portsOf(g);
  const walk: Walk = {
    norm,
    stop,
    known: new Map([[x, { origin: { constant: 1 }, map: IDENTITY }]]),
    constants: new Map(),
    branches: false,
  };
  visitAll([y], new Set([x]), walk);
  const result = walk.known.get(y);
  if (result && 'failure' in result) throw result.failure();
  return {
    kind: 'upper',
    // A value that is not known depends on no input.
    value: result ? constantOf(result, walk) : 0,
    norm,
    domain: GLOBAL,
    method: (walk.branches ? COMPOSITION_OF_NORMS : PRODUCT_OF_NORMS)[norm],
    arithmetic: 'float64',
  };
}

/** Some value, by its bound on the Lipschitz constant with respect to the input. */
interface Origin {
  readonly constant: number;
}

/** map(origin) plus constants. */
interface Affine {
  readonly origin: Origin;
  readonly map: LinearMap;
}

/** Why nothing is known of a value. */
interface Failure {
  readonly failure: () => RobustlawError;
}

interface Walk {
  readonly norm: Norm;
  /** Once it says so, cheaper norms are taken. */
  readonly stop: Stop;
  /** What is known of values that depend on the input. */
  readonly known: Map<Value, Affine | Failure>;
  /** constantOf() where it has been asked for. */
  readonly constants: Map<Affine, number>;
  /** Whether values that depend on the input have met. */
  branches: boolean;
}

/** An upper bound on the Lipschitz constant of map(origin) with respect to the input. */
function constantOf(value: Affine, { norm, stop, constants }: Walk): number {
  const before = constants.get(value);
  if (before !== undefined) return before;
  const constant = timesUp(value.origin.constant, mapNormUpper(value.map, norm, stop));
  constants.set(value, constant);
  return constant;
}

const originWith = (constant: number): Affine => ({ origin: { constant }, map: IDENTITY });

/** Finds out about all values from `known` ones of the frontier to these. */
function visitAll(values: readonly Value[], frontier: ReadonlySet<Value>, walk: Walk): void {
  for (const node of topological(values, frontier)) visit(node, walk);
}

function visit(node: Node, walk: Walk): void {
  const { known } = walk;
  const computed = [...new Set(node.inputs)].filter((v): v is Value => v !== undefined && known.has(v));
  if (computed.length === 0) return;
  const outcomes = outcomesOf(node, computed, walk);
  node.outputs.forEach((y, i) => {
    known.set(y, outcomes[i] ?? failure(node, computed, walk));
  });
}

/** What is known of the outputs of a node of which the inputs `computed` are known; undefined for the others. */
function outcomesOf(
  node: Node,
  computed: readonly Value[],
  walk: Walk,
): readonly (Affine | Failure | undefined)[] {
  const elementwise = elementwiseOf(node);
  if (elementwise) return [stretchedBy(elementwiseFactor(elementwise), elementwise.from, walk)];
  const standard = standardisedOf(node);
  if (standard) return [stretchedBy(standardisationFactor(standard, walk.norm), standard.from, walk)];
  const failed = computed.map((v) => walk.known.get(v)!).find((of) => 'failure' in of);
  if (failed) return node.outputs.map(() => failed);
  const meeting = MEETINGS[node.op.name];
  if (meeting) return [meeting(node, walk)];
  const alone = computed.length === 1 ? stepped(node, computed[0]!, walk) : undefined;
  return alone ?? decomposed(node, walk);
}

/** A function of `value` with this constant; undefined where it is infinite. */
function stretchedBy(factor: number, value: Value, walk: Walk): Affine | Failure | undefined {
  const from = walk.known.get(value);
  if (!from || 'failure' in from) return from;
  return factor < Number.POSITIVE_INFINITY ? originWith(timesUp(constantOf(from, walk), factor)) : undefined;
}

/** A node with one computed input x: a linear map after what is known of x, or a factor. Undefined without a rule. */
function stepped(node: Node, x: Value, walk: Walk): (Affine | undefined)[] | undefined {
  const from = walk.known.get(x) as Affine;
  const map = linearMapOf(node, x);
  if (map) return [after(map, from, walk)];
  const factors = node.outputs.map((y) => factorOf(node, x, y, walk.norm));
  if (factors[0] === undefined) return undefined;
  const constant = constantOf(from, walk);
  return factors.map((factor) => (factor === undefined ? undefined : originWith(timesUp(constant, factor))));
}

/** Resize alone has a form with rounded weights: in float32, of one unit in the last place each. */
const INTERPOLATION = 1 + 2 ** -16;

/** By the form of a node in other operators. */
function decomposed(node: Node, walk: Walk): (Affine | undefined)[] {
  const parts = node.op.decompose?.(node) ?? [];
  const frontier = new Set(node.inputs.filter((v) => v !== undefined));
  const values = parts.filter((v) => v !== undefined);
  visitAll(values, frontier, walk);
  return parts.map((part) => {
    const of = part && walk.known.get(part);
    // A part that is not known depends on no input.
    if (part && !of) return originWith(0);
    if (!of || 'failure' in of) return undefined;
    return node.op.name === 'Resize' ? originWith(timesUp(constantOf(of, walk), INTERPOLATION)) : of;
  });
}

/** `map` after what is known, as one map where they merge. */
function after(map: LinearMap, from: Affine, walk: Walk): Affine {
  const together = composed(map, from.map);
  return together ? { origin: from.origin, map: together } : { ...originWith(constantOf(from, walk)), map };
}

// --- where values meet -----------------------------------------------------------------------------------------------

type Meeting = (node: Node, walk: Walk) => Affine | undefined;

/** The inputs of a node that depend on the input of the graph, stretched to the shape of its output. */
function stretched(inputs: readonly (Value | undefined)[], to: Shape, walk: Walk): Affine[] {
  return inputs.flatMap((value) => {
    const from = value && (walk.known.get(value) as Affine | undefined);
    if (!from) return [];
    if (sameShape(value.shape, to)) return [from];
    const map = expanded(value.shape, to);
    if (map) return [after(map, from, walk)];
    const repeats = sizeOf(to) / sizeOf(value.shape);
    return [originWith(timesUp(constantOf(from, walk), repetitionNorm(repeats, walk.norm)))];
  });
}

/** The sum, with `signs` of the inputs: linear maps of one origin are added up, the rest by the triangle inequality. */
const sum: (signs: (i: number) => 1 | -1) => Meeting = (signs) => (node, walk) => {
  const terms = node.inputs.flatMap((value, i) =>
    stretched([value], node.outputs[0]!.shape, walk).map((term) =>
      signs(i) === 1 ? term : after(uniform(-1), term, walk),
    ),
  );
  const merged: Affine[] = [];
  for (const term of terms) {
    const sums = merged.map(({ origin, map }) => (origin === term.origin ? added(map, term.map) : undefined));
    const at = sums.findIndex((map) => map !== undefined);
    if (at < 0) merged.push(term);
    else merged[at] = { origin: term.origin, map: sums[at]! };
  }
  const [first, ...others] = merged as [Affine, ...Affine[]];
  if (others.length === 0) return first;
  walk.branches = true;
  return originWith(merged.map((term) => constantOf(term, walk)).reduce(addUp));
};

/**
 * Entries of several values side by side, or one of them for each place, or their largest: the distance is at most that of
 * the vectors of all distances, sum in l1, root of squares in l2, largest in linf.
 */
function sideBySide(parts: readonly Affine[], walk: Walk): Affine {
  if (parts.length === 1) return originWith(constantOf(parts[0]!, walk));
  walk.branches = true;
  const constants = parts.map((part) => constantOf(part, walk));
  const largest = Math.max(...constants);
  if (walk.norm === 'linf' || !Number.isFinite(largest)) return originWith(largest);
  return originWith(walk.norm === 'l1' ? constants.reduce(addUp) : normEnclosure(constants)[1]);
}

const MEETINGS: Readonly<Record<string, Meeting>> = {
  Add: sum(() => 1),
  Sum: sum(() => 1),
  Sub: sum((i) => (i === 0 ? 1 : -1)),
  Concat: (node, walk) =>
    sideBySide(
      node.inputs.flatMap((v) => (v && walk.known.has(v) ? [walk.known.get(v) as Affine] : [])),
      walk,
    ),
  Max: (node, walk) => sideBySide(stretched(node.inputs, node.outputs[0]!.shape, walk), walk),
  Min: (node, walk) => sideBySide(stretched(node.inputs, node.outputs[0]!.shape, walk), walk),
  Where: (node, walk) =>
    walk.known.has(node.inputs[0]!)
      ? undefined
      : sideBySide(stretched(node.inputs.slice(1), node.outputs[0]!.shape, walk), walk),
};

// --- what cannot be bounded ------------------------------------------------------------------------------------------

/** Nothing is known of a node: why, and up to where something is. */
function failure(node: Node, computed: readonly Value[], walk: Walk): Failure {
  return {
    failure: () => {
      const parts = computed.flatMap((value) => {
        const from = walk.known.get(value)!;
        return 'failure' in from ? [] : [`${showType(value)} at most ${roundedUp(constantOf(from, walk))}`];
      });
      const upTo =
        parts.length > 0 ? ` Up to what it takes, the constant in ${walk.norm} is: ${parts.join('; ')}.` : '';
      return new RobustlawError(
        'unsupported-op',
        `the operator ${describe(node)} has no finite global Lipschitz constant that is known: ${reasonFor(node, computed)}. A bound on a box or ball may exist: use a local bound.${upTo}`,
      );
    },
  };
}

/** With four digits, not below. */
function roundedUp(value: number): string {
  const shown = value.toPrecision(4);
  if (Number(shown) >= value) return String(Number(shown));
  return String(Number((value + Math.abs(value) * 1e-3).toPrecision(4)));
}
