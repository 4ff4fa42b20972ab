// Reads a graph as a network of affine forms and activations.
import type { Graph, Node, Value } from '../../graph/index.ts';
import { sizeOf, tensorOf, topological } from '../../graph/index.ts';
import type { Activation, Range } from '../../intervals/index.ts';
import { nextUp } from '../../numeric/index.ts';
import { ARITHMETIC_RULES } from './arithmetic-rules.ts';
import type { Elementwise } from './elementwise.ts';
import { elementwiseOf } from './elementwise.ts';
import type { Form } from './form.ts';
import { blocksOf, combine, constantForm, dense, denseSize, requireRoom } from './form.ts';
import { LAYOUT_RULES } from './layout-rules.ts';
import { MAXIMUM_RULES } from './maximum-rules.ts';
import type { Network } from './network.ts';
import { partsRules } from './parts-rules.ts';
import { portsOf } from './ports.ts';
import { PRODUCT_RULES } from './product-rules.ts';
import type { Reading } from './reading.ts';
import { activated, describe, formOf, readingFrom, unsupported } from './reading.ts';
import { REDUCTION_RULES } from './reduction-rules.ts';
import type { Rule } from './rule.ts';
import { WINDOW_RULES } from './window-rules.ts';

const RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    ...ARITHMETIC_RULES,
    ...PRODUCT_RULES,
    ...REDUCTION_RULES,
    ...LAYOUT_RULES,
    ...WINDOW_RULES,
    ...MAXIMUM_RULES,
    ...partsRules((node, reading) => readNode(node, elementwiseOf(node), reading)),
  }),
);

/**
 * The graph as a network: f(x) for x `[features]` and f(x) `[outputs]`, both flattened row-major. Affine operators are
 * merged until an activation ends them, with the rounding of what was merged bounded; maxima become ReLU blocks by
 * max(a, b) = a + relu(b - a). Float32 weights are exact in float64, so the network is the function that the weights
 * define in real arithmetic. Exact up to the errors that each form states.
 *
 * Cost: every coefficient once for each operator that it passes, and 8 bytes for each coefficient of the dense matrices
 * between blocks, into which convolutions are unrolled.
 *
 * @param g The graph for one sample: one input, one output.
 * @throws unsupported-op naming the operator where the graph has no such form or takes more than LARGEST_NETWORK
 *   coefficients; invalid-argument when a weight is NaN or infinite.
 */
export function readNetwork(g: Graph): Network {
  const { x, y } = portsOf(g);
  const elementwise = new Map<Node, Elementwise | undefined>();
  const { nodes, written } = needed(y, elementwise);
  const reading = readingFrom(x, written);
  const needs = (node: Node) => inputsOf(node, elementwise.get(node));
  const lastUse = new Map(nodes.flatMap((node) => needs(node).map((value) => [value, node] as const)));
  for (const node of nodes) {
    readNode(node, elementwise.get(node), reading);
    // Forms may be large: none is kept past its last use.
    for (const value of needs(node))
      if (lastUse.get(value) === node && value !== y) reading.forms.delete(value);
  }
  const output = formOf(y, reading);
  const { offsets } = reading;
  requireRoom(
    `the output of ${describe(y.node)}`,
    reading.coefficients + denseSize(output.rows, blocksOf(output, offsets), offsets),
  );
  return withoutDeadBlocks({
    features: sizeOf(x.shape),
    blocks: reading.blocks,
    output: dense(output, offsets),
  });
}

/**
 * The nodes that the output needs, each after its inputs, without those that an activation written out in several
 * operators absorbs; and the values that are written out as matrices.
 */
function needed(
  y: Value,
  elementwise: Map<Node, Elementwise | undefined>,
): { nodes: Node[]; written: Set<Value> } {
  const found = new Set<Node>();
  const written = new Set([y]);
  const open = [y.node];
  for (let node = open.pop(); node; node = open.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    const own = elementwiseOf(node);
    elementwise.set(node, own);
    if (own) written.add(own.from);
    for (const value of inputsOf(node, own)) open.push(value.node);
  }
  return { nodes: topological([y]).filter((node) => found.has(node)), written };
}

/** The values that are read before a node. */
function inputsOf(node: Node, elementwise: Elementwise | undefined): readonly Value[] {
  return elementwise ? [elementwise.from] : node.inputs.filter((value) => value !== undefined);
}

function readNode(node: Node, elementwise: Elementwise | undefined, reading: Reading): void {
  const [first] = node.outputs;
  if (!first || reading.forms.has(first) || tensorOf(first)) return;
  requireRoom(
    describe(node),
    node.outputs.reduce((most, { shape }) => Math.max(most, sizeOf(shape)), 0),
  );
  if (elementwise) {
    const { from, activations, key, inner, outer } = elementwise;
    const what = describe(node);
    const form = scaledForm(what, formOf(from, reading), inner, reading);
    const line = straight(activations());
    const block = line ? lineOf(what, form, line, reading) : activated(what, form, activations, key, reading);
    reading.forms.set(first, scaledForm(what, block, outer, reading));
    return;
  }
  const rule = RULES.get(node.op.name);
  if (!rule) throw unsupported(node, 'is neither affine nor an elementwise activation that is known');
  rule(node, reading).forEach((form, i) => {
    if (form) reading.forms.set(node.outputs[i]!, form);
  });
}

/** Slope and intercept of an activation without breakpoints, as clipping that cuts nothing off. */
function straight(activations: readonly Activation[]): readonly [number, number] | undefined {
  const [first] = activations;
  const single = first?.pieces?.breakpoints.length === 0 && activations.every((a) => a === first);
  return single ? [first.pieces.slopes[0]!, first.value(0)] : undefined;
}

function lineOf(
  what: string,
  form: Form,
  [slope, intercept]: readonly [number, number],
  reading: Reading,
): Form {
  const forms = [form, constantForm(Float64Array.of(intercept))];
  return combine(what, forms, form.rows, reading.offsets.at(-1)!, (row, add) => {
    add(0, row, slope);
    add(1, 0, 1);
  });
}

/** The form times a factor that lies in a range. */
function scaledForm(what: string, form: Form, [low, high]: Range, reading: Reading): Form {
  if (low === 1 && high === 1) return form;
  const middle = low + (high - low) / 2;
  const error = low === high ? 0 : nextUp(Math.max(nextUp(high - middle), nextUp(middle - low)));
  return combine(what, [form], form.rows, reading.offsets.at(-1)!, (row, add) => {
    add(0, row, middle, error);
  });
}

/** Without the blocks that no coefficient reaches. */
function withoutDeadBlocks({ features, blocks, output }: Network): Network {
  const alive = new Set<number>([0]);
  const open = [output];
  for (let form = open.pop(); form; form = open.pop()) {
    for (const k of form.terms.keys()) {
      if (alive.has(k)) continue;
      alive.add(k);
      open.push(blocks[k - 1]!.preactivation);
    }
  }
  if (alive.size === blocks.length + 1) return { features, blocks, output };
  const place = new Map([...alive].sort((a, b) => a - b).map((k, i) => [k, i]));
  const renamed = (form: Network['output']) => ({
    ...form,
    terms: new Map([...form.terms].map(([k, w]) => [place.get(k)!, w])),
  });
  return {
    features,
    blocks: blocks
      .filter((_, i) => alive.has(i + 1))
      .map((block) => ({ ...block, preactivation: renamed(block.preactivation) })),
    output: renamed(output),
  };
}
