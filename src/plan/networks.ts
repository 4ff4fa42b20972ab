// The networks of a pilot: a family whose members differ in width alone, from the narrowest to the widest that is tried.
import type { Shape } from '../graph/index.ts';
import { createFamily, type ModelFamily, type ModelSpecification } from '../models/index.ts';

/** A family without its width. */
export type PilotModel = Extract<ModelSpecification, { model: 'two-layer' | 'mlp' | 'cnn' | 'madry' }>;

/** Their names, the usual one first. */
export const PILOT_MODELS = ['two-layer', 'mlp', 'cnn', 'madry'] as const satisfies PilotModel['model'][];

/** What a pilot trains: models for points of this shape and so many classes. */
export interface Networks {
  readonly model: PilotModel;
  readonly shape: Shape;
  readonly classes: number;
}

/** The member of this width. */
export function member({ model, shape, classes }: Networks, width: number): ModelFamily {
  return createFamily(model, width, shape, classes);
}

/** P of the member of this width. */
export function parametersOf(networks: Networks, width: number): number {
  return member(networks, width).parameterCount;
}

/** What they are called, in the plural. */
export function networksName({ model }: Pick<Networks, 'model'>): string {
  switch (model.model) {
    case 'two-layer':
      return 'two-layer networks';
    case 'mlp':
      return `networks with ${model.layers} hidden ${model.layers === 1 ? 'layer' : 'layers'}`;
    case 'cnn':
      return `networks with ${model.layers} ${model.layers === 1 ? 'convolution' : 'convolutions'}`;
    case 'madry':
      return 'convolutional networks of Madry et al.';
  }
}

/**
 * Widths 1, 2, 3, 4, 6, 8, 11, 16, ...: about sqrt(2) apart, up to the last one of at most `most` parameters, or the first alone.
 *
 * @param parameters P of a width, which grows with it.
 */
export function widthLadder(parameters: (width: number) => number, most: number): readonly number[] {
  const widths = [1];
  for (let step = 2; ; step++) {
    const width = Math.round(2 ** (step / 2));
    if (parameters(width) > most) return widths;
    widths.push(width);
  }
}
