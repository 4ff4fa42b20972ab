// What a rule is: how the outputs of an operator follow from the forms of its inputs.
import type { Node } from '../../graph/index.ts';
import type { Form } from './form.ts';
import type { Reading } from './reading.ts';

/** The forms of the outputs of a node (those that are not floating-point are left out), from those of its inputs. */
export type Rule = (node: Node, reading: Reading) => readonly (Form | undefined)[];
