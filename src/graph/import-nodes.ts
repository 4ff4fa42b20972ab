// Runs through the nodes of a graph, a function body or a branch and gives each its meaning in OPSET operators.
import { RobustlawError } from '../errors.ts';
import type { Call, Values } from './import-call.ts';
import { applySame, optionalAttribute, unsupported } from './import-call.ts';
import { ML_RULES } from './import-ml.ts';
import { OPERATOR_RULES } from './import-operators.ts';
import { marksParameters, neededNodes, storedValues, weightNames } from './import-weights.ts';
import type {
  OnnxAttribute,
  OnnxAttributes,
  OnnxFunction,
  OnnxModel,
  OnnxNode,
  Opsets,
} from './onnx-model.ts';
import { describeNode, functionKey } from './onnx-model.ts';
import type { Tensor } from './tensor.ts';
import type { Value } from './value.ts';
import { OPSET, parameter, tensorOf } from './value.ts';

/** The operator set versions that are understood. */
const OLDEST_OPSET = 7;
const NEWEST_OPSET = 23;

/** Functions within functions, and nodes in all, beyond which a file is malicious rather than deep. */
const MAX_DEPTH = 50;
const MAX_NODES = 1_000_000;

/** Where the names of a graph or function body are looked up. */
export interface Scope {
  readonly values: Map<string, Value>;
  /** All nodes of the body, of which some may not be needed. */
  readonly nodes: readonly OnnxNode[];
  /** Values that a node should give by the specification but that cannot be had here. */
  readonly unavailable: Set<string>;
  /** The surrounding graph, whose values a subgraph may use. */
  readonly parent?: Scope;
  readonly functions: ReadonlyMap<string, OnnxFunction>;
  readonly opsets: Opsets;
  /** Attributes of the function call. */
  readonly attributes: OnnxAttributes;
  /** The parameter of a stored tensor that has no name of its own in the model's graph. */
  readonly parameter: (name: string, value: Tensor) => Value;
  /** Names of values that are used as weights. */
  readonly weights: ReadonlySet<string>;
  readonly depth: number;
  /** Nodes that may still be imported. */
  readonly budget: { nodes: number };
}

/** The scope of the model's graph, of which `nodes` will be run, with the values of its inputs and initializers. */
export function topScope(
  model: OnnxModel,
  nodes: readonly OnnxNode[],
  values: ReadonlyMap<string, Value>,
): Scope {
  const taken = new Set<string>([
    ...model.graph.inputs.map((port) => port.name),
    ...model.graph.initializers.keys(),
  ]);
  // A function that is called twice has its weights once.
  const made = new Map<Tensor, Value>();
  const asParameter = (name: string, stored: Tensor): Value => {
    const known = made.get(stored);
    if (known) return known;
    let unique = name;
    for (let i = 2; taken.has(unique); i++) unique = `${name}_${i}`;
    taken.add(unique);
    const value = parameter(unique, stored);
    made.set(stored, value);
    return value;
  };
  return {
    values: new Map(values),
    nodes: model.graph.nodes,
    unavailable: new Set(),
    functions: model.functions,
    opsets: model.opsets,
    attributes: new Map(),
    parameter: asParameter,
    weights: marksParameters(model) ? new Set() : weightNames(nodes),
    depth: 0,
    budget: { nodes: MAX_NODES },
  };
}

/** Adds the values that the nodes compute to the scope. */
export function runNodes(nodes: readonly OnnxNode[], scope: Scope): void {
  for (const node of nodes) {
    if (--scope.budget.nodes < 0)
      throw new RobustlawError(
        'file-too-large',
        `the functions of the model expand to more than ${MAX_NODES} nodes`,
      );
    const outputs = located(describeNode(node), () => runNode(node, scope));
    node.outputs.forEach((name, i) => {
      if (name === '') return;
      const value = outputs[i];
      if (value) scope.values.set(name, value);
      else scope.unavailable.add(name);
    });
  }
}

function runNode(node: OnnxNode, scope: Scope): Values {
  const inputs = node.inputs.map((name) =>
    name === '' ? undefined : lookUp(name, scope, `its input "${name}"`),
  );
  const attributes = resolved(node.attributes, scope);
  const definition = scope.functions.get(functionKey(node.domain, node.op));
  if (definition) return callFunction(definition, inputs, attributes, scope);
  const call: Call = {
    node,
    inputs,
    attributes,
    opset: opsetOf(node.domain, scope.opsets),
    parameter: (name, value) =>
      scope.parameter(node.op === 'Constant' ? name : `${node.name || node.outputs[0]}.${name}`, value),
    isWeight: node.outputs.some((name) => scope.weights.has(name)),
  };
  if (node.domain === '') {
    if (node.op === 'If') return branch(call, scope);
    const rule = OPERATOR_RULES.get(node.op);
    return checked(call, rule ? rule(call) : applySame(call));
  }
  const rule = node.domain === 'ai.onnx.ml' ? ML_RULES.get(node.op) : undefined;
  if (!rule) throw unsupported(`the operator ${node.op} of the domain "${node.domain}"`);
  return checked(call, rule(call));
}

/** Throws if the node names an output that its rule does not give. */
function checked({ node }: Call, outputs: Values): Values {
  const missing = node.outputs.findIndex((name, i) => name !== '' && i >= outputs.length);
  if (missing >= 0) throw unsupported(`output ${missing} ("${node.outputs[missing]}") of ${node.op}`);
  return outputs;
}

/** The value of this name; `what` says who asks. */
export function lookUp(name: string, scope: Scope, what: string): Value {
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const value = at.values.get(name);
    if (value) return value;
  }
  const producer = scope.nodes.find((node) => node.outputs.includes(name));
  if (producer && scope.unavailable.has(name))
    throw unsupported(`${what}, computed by ${describeNode(producer)}`);
  throw new RobustlawError(
    'malformed-file',
    producer
      ? `${what} is computed only later, by ${describeNode(producer)}; the nodes form a cycle or are not in order`
      : `${what} is neither an input nor an initializer nor computed by any node`,
  );
}

function resolved(attributes: OnnxAttributes, scope: Scope): OnnxAttributes {
  const result = new Map<string, OnnxAttribute>();
  for (const [name, value] of attributes) {
    if (value.type !== 'reference') result.set(name, value);
    else {
      // A reference to an attribute that the call leaves out and that has no default leaves this one out too.
      const actual = scope.attributes.get(value.value);
      if (actual) result.set(name, actual);
    }
  }
  return result;
}

function opsetOf(domain: string, opsets: Opsets): number {
  const version = opsets.get(domain);
  if (version === undefined)
    throw new RobustlawError(
      'malformed-file',
      `the model imports no operator set for the domain "${domain || 'ai.onnx'}"`,
    );
  if (domain === '' && (version < OLDEST_OPSET || version > NEWEST_OPSET)) {
    throw new RobustlawError(
      'unsupported-op',
      `the operator set version ${version} is outside of [${OLDEST_OPSET}, ${NEWEST_OPSET}]; export the model with opset_version=${OPSET}`,
    );
  }
  return version;
}

function callFunction(
  { name, inputs, outputs, defaults, nodes, opsets }: OnnxFunction,
  actual: Values,
  attributes: OnnxAttributes,
  scope: Scope,
): Values {
  if (scope.depth >= MAX_DEPTH)
    throw unsupported(`functions nested deeper than ${MAX_DEPTH}, or recursive ones`);
  const inner: Scope = {
    nodes,
    unavailable: new Set(),
    values: new Map(inputs.flatMap((formal, i) => (actual[i] ? [[formal, actual[i]] as const] : []))),
    functions: scope.functions,
    opsets,
    attributes: new Map([...defaults, ...attributes]),
    parameter: scope.parameter,
    weights: weightNames(nodes),
    depth: scope.depth + 1,
    budget: scope.budget,
  };
  const needed = neededNodes(nodes, outputs);
  runNodes(needed, inner);
  return outputs.map((output) => lookUp(output, inner, `the output "${output}" of the function "${name}"`));
}

/** The branch of an If whose condition is known at import, as exporters write it for shapes. */
function branch(call: Call, scope: Scope): Values {
  const condition = call.inputs[0];
  const known = condition && tensorOf(condition)?.data[0];
  if (known === undefined)
    throw unsupported(
      'If on a condition that depends on the values of the inputs',
      'compute both branches and choose with Where',
    );
  const body = optionalAttribute(call, known ? 'then_branch' : 'else_branch', 'graph');
  if (!body) throw new RobustlawError('malformed-file', 'a branch of the If is missing');
  if (scope.depth >= MAX_DEPTH) throw unsupported(`branches nested deeper than ${MAX_DEPTH}`);
  const names = body.outputs.map((port) => port.name);
  const needed = neededNodes(body.nodes, names);
  const inner: Scope = {
    ...scope,
    values: storedValues(body, needed, names, scope.parameter),
    nodes: body.nodes,
    unavailable: new Set(),
    parent: scope,
    weights: new Set([...scope.weights, ...weightNames(needed)]),
    depth: scope.depth + 1,
  };
  runNodes(needed, inner);
  return names.map((name) => lookUp(name, inner, `the output "${name}" of a branch`));
}

/** Adds `where` to the message of an error. */
export function located<Result>(where: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RobustlawError)) throw error;
    throw new RobustlawError(error.code, `${where}: ${error.message}`, { cause: error.cause ?? error });
  }
}
