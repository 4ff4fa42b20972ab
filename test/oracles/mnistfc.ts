// The instances of mnistfc 256x2 of VNN-COMP 2021 with the verdicts on which its verifiers agreed.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Model, modelFromOnnx } from '../../src/graph/index.ts';
import { readModel } from '../../src/graph/onnx-file/index.ts';

/** An image of a digit with the box around it in which its label is, or is not, kept. */
export interface Instance {
  readonly name: string;
  readonly eps: number;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** The image: the box is the linf ball of radius eps around it, cut to [0, 1]. */
  readonly image: Float64Array;
  readonly label: number;
  readonly violated: boolean;
}

const VIOLATED: Readonly<Record<string, readonly number[]>> = {
  '0.03': [7, 14],
  '0.05': [0, 1, 3, 5, 7, 8, 9, 12, 13, 14],
};

/** The folder that holds `vnncomp`; tests that need it skip without. */
export const reference = process.env.ROBUSTLAW_REFERENCE;

export const mnistfc = (): Model => modelFromOnnx(readModel(`${reference}/vnncomp/mnist-net_256x2.onnx`));

/** The 15 instances for one radius, '0.03' or '0.05'. */
export function instances(eps: string): Instance[] {
  return Array.from({ length: 15 }, (_, k) => {
    const text = gunzipSync(readFileSync(`${reference}/vnncomp/prop_${k}_${eps}.vnnlib.gz`)).toString();
    const [lower, upper] = [new Float64Array(784), new Float64Array(784)];
    for (const [, relation, i, value] of text.matchAll(/\(assert \((<=|>=) X_(\d+) ([-\d.e]+)\)\)/g))
      (relation === '<=' ? upper : lower)[Number(i)] = Number(value);
    const radius = Number(eps);
    const image = lower.map((low, i) => {
      const middle = low === 0 ? upper[i]! - radius : upper[i] === 1 ? low + radius : 0.5 * (low + upper[i]!);
      return Math.min(1, Math.max(0, middle));
    });
    return {
      name: `prop ${k}, eps ${eps}`,
      eps: radius,
      lower,
      upper,
      image,
      label: Number(/label: (\d+)/.exec(text)![1]),
      violated: VIOLATED[eps]!.includes(k),
    };
  });
}
