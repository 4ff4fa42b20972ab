// The rule of every operator that has one, by its ONNX name.
import type { Node } from '../../graph/index.ts';
import { activationOf } from '../activation.ts';
import type { EnclosedOp, Rule } from '../box.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { activated, ELEMENTWISE } from './elementwise.ts';
import { INDEXING } from './indexing.ts';
import { LAYOUT } from './layout.ts';
import { LOGIC } from './logic.ts';
import { PRODUCTS } from './products.ts';
import { REDUCTIONS } from './reductions.ts';
import { SOFTMAX } from './softmax.ts';
import { WINDOWS } from './windows.ts';

const RULES: ReadonlyMap<string, Rule> = new Map(
  [ARITHMETIC, ELEMENTWISE, INDEXING, LAYOUT, LOGIC, PRODUCTS, REDUCTIONS, SOFTMAX, WINDOWS].flatMap(
    (family) => Object.entries(family),
  ),
);

/** The rule of a node, or undefined where it has none and must be decomposed. */
export function ruleOf(node: Node): Rule | undefined {
  const own = (node.op as Partial<EnclosedOp>).enclose;
  if (own) return own;
  return activationOf(node) ? activated : RULES.get(node.op.name);
}
