// What the metadata of an ONNX file declare about the input: the pixel range (ONNX, "Metadata properties": image models),
// and the mean and standard deviation that exporters store under various names.
import type { InputBounds, Shape } from '../graph/index.ts';
import { imageOf, longAxes } from './arrangement.ts';

/** Undefined where nothing is declared. */
export interface DeclaredInput {
  readonly range: InputBounds | undefined;
  readonly mean: readonly number[] | undefined;
  readonly std: readonly number[] | undefined;
}

/** The values that torchvision normalises images of ImageNet with (torchvision, "Models and pre-trained weights"). */
export const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** The values of the ONNX property `Image.NominalPixelRange`. */
const PIXEL_RANGES: ReadonlyMap<string, InputBounds> = new Map([
  ['nominalrange_0_255', [0, 255]],
  ['normalized_0_1', [0, 1]],
  ['normalized_1_1', [-1, 1]],
  ['nominalrange_16_235', [16, 235]],
]);

/** What the metadata say; a warning for each thing they say that cannot be followed. */
export function declaredInput(metadata: Readonly<Record<string, string>>, warnings: string[]): DeclaredInput {
  const named = (pattern: RegExp) => Object.entries(metadata).find(([key]) => pattern.test(key));
  const nominal = named(/^image\.nominalpixelrange$/i);
  const range = nominal && PIXEL_RANGES.get(nominal[1].trim().toLowerCase());
  if (nominal && range === undefined) {
    warnings.push(
      `the metadata of the model declare ${nominal[0]} ${JSON.stringify(nominal[1])}, which is not known and not followed; state --scale and --range`,
    );
  }
  const format = named(/^image\.bitmappixelformat$/i)?.[1] ?? '';
  if (/^bgr/i.test(format.trim())) {
    warnings.push(
      `the metadata of the model declare ${JSON.stringify(format)}: it takes blue before red, and the channels of the data are not exchanged; exchange them in the data, or export the model for RGB`,
    );
  }
  const statistic = (name: string) =>
    numbersIn(
      named(
        new RegExp(
          `^(?:(?:image|input|pixel|normali[sz]e|normali[sz]ation|preprocess(?:ing|or)?)[._-])*${name}$`,
          'i',
        ),
      )?.[1],
    );
  const [mean, std] = [statistic('mean'), statistic('std')];
  return { range, mean, std: std?.every((value) => value > 0) ? std : undefined };
}

/** Whether a model is one of ImageNet: three channels of at least 64 pixels a side, and 1000 outputs. */
export function looksLikeImagenet(taken: Shape, outputs: number): boolean {
  const image = imageOf(taken);
  if (image === undefined || outputs !== 1000 || longAxes(image).length !== 3) return false;
  const [channels, ...sides] = image[0] === 3 ? image : [image[2]!, image[0]!, image[1]!];
  return channels === 3 && sides.every((side) => side >= 64);
}

/** `[0.485, 0.456, 0.406]`, `0.485,0.456,0.406` or `0.1307`. */
function numbersIn(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  const parts = text.replace(/^\s*[[(]|[\])]\s*$/g, '').split(/[\s,;]+/);
  const numbers = parts.filter((part) => part !== '').map(Number);
  return numbers.length > 0 && numbers.every(Number.isFinite) ? numbers : undefined;
}
