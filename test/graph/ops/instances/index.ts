// Arbitrary instances of every operator of the registry, by ONNX name.
import type { Instances } from '../instance.ts';
import { elementwise } from './elementwise.ts';
import { placing } from './placing.ts';
import { products } from './products.ts';
import { spatial } from './spatial.ts';

export const instances: Instances = { ...elementwise, ...products, ...spatial, ...placing };
