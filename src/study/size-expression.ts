// Sizes of a family relative to its data, as a study file writes them: `d`, `n/4`, `10 n/d`.
import { z } from 'zod';

const FACTOR = /\d+(?:\.\d+)?|[nd]/y;
const GRAMMAR = 'an integer >= 1, or a product of numbers, n and d, perhaps over another: d, n/4, 10 n/d';

/** A product of factors, each a number, `n` or `d`. */
type Product = readonly (number | 'n' | 'd')[];

interface Expression {
  readonly numerator: Product;
  readonly denominator: Product;
}

/**
 * Schema of a size. The grammar: `product` or `product / product`, a product being numbers, `n` (points of the data) and
 * `d` (their dimension) one after another, with or without `*` between them. The value is rounded to the nearest integer.
 */
export const sizeSchema = z
  .union([
    z.int().min(1),
    z
      .string()
      .max(100)
      .refine(isExpression, { error: `expected ${GRAMMAR}` }),
  ])
  .describe(GRAMMAR);

/** A size as written: a number, or an expression in n and d. */
export type Size = z.output<typeof sizeSchema>;

/** The size on n points in d dimensions, rounded to the nearest integer; 0 or less where it has none. */
export function sizeOn(size: Size, n: number, d: number): number {
  if (typeof size === 'number') return size;
  const { numerator, denominator } = parsed(size)!;
  const value = (product: Product) =>
    product.reduce<number>(
      (result, factor) => result * (factor === 'n' ? n : factor === 'd' ? d : factor),
      1,
    );
  return Math.round(value(numerator) / value(denominator));
}

function isExpression(text: string): boolean {
  return parsed(text) !== undefined;
}

function parsed(text: string): Expression | undefined {
  const parts = text.split('/').map(product);
  const [numerator, denominator = [], ...others] = parts;
  if (parts.some((part) => part === undefined) || others.length > 0) return undefined;
  return { numerator: numerator!, denominator };
}

function product(text: string): Product | undefined {
  const factors: (number | 'n' | 'd')[] = [];
  // Spaces or one star between factors; nothing else, so that `n 2d` is read and `n ** 2` is not.
  let rest = text.trim();
  while (rest !== '') {
    FACTOR.lastIndex = 0;
    const [factor] = FACTOR.exec(rest) ?? [];
    if (factor === undefined) return undefined;
    if (factor !== 'n' && factor !== 'd' && !(Number(factor) > 0)) return undefined;
    factors.push(factor === 'n' || factor === 'd' ? factor : Number(factor));
    rest = rest.slice(factor.length).trimStart();
    if (rest.startsWith('*')) {
      rest = rest.slice(1).trimStart();
      if (rest === '') return undefined;
    }
  }
  return factors.length === 0 ? undefined : factors;
}
