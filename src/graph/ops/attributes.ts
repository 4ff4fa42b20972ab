// Reading attributes with the defaults of the ONNX specification.
import type { Attributes } from '../value.ts';

export function intOf(attributes: Attributes, name: string, fallback: number): number {
  return (attributes[name] as number | undefined) ?? fallback;
}

/** Float attributes are float32, their defaults too. */
export function floatOf(attributes: Attributes, name: string, fallback: number): number {
  return (attributes[name] as number | undefined) ?? Math.fround(fallback);
}

export function stringOf(attributes: Attributes, name: string, fallback: string): string {
  return (attributes[name] as string | undefined) ?? fallback;
}

export function intsOf(attributes: Attributes, name: string, fallback: readonly number[]): readonly number[] {
  return (attributes[name] as readonly number[] | undefined) ?? fallback;
}
