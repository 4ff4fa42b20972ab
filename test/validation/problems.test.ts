import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RobustlawError } from '../../src/errors.ts';
import { parseSpecification, pathName, showValue } from '../../src/validation/index.ts';

const shape = z.union([
  z.enum(['round', 'square']),
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('polygon'), corners: z.int().min(3) }),
    z.strictObject({ kind: z.literal('ellipse'), ratio: z.number().positive().max(1) }),
  ]),
]);

const schema = z.strictObject({
  name: z.string().min(1),
  count: z.number().multipleOf(5).optional(),
  shape: shape.optional(),
  tags: z
    .array(z.string().regex(/^[a-z]+$/, 'lower case'))
    .min(1)
    .max(2)
    .optional(),
  sizes: z.record(z.string().regex(/^[a-z]+$/, 'lower case'), z.boolean()).optional(),
});

const messageOf = (value: unknown): string => {
  try {
    parseSpecification(schema, value, 'thing');
  } catch (error) {
    expect(error).toBeInstanceOf(RobustlawError);
    expect((error as RobustlawError).code).toBe('invalid-argument');
    return (error as RobustlawError).message;
  }
  throw new Error('accepted');
};

describe('parseSpecification', () => {
  it.each([
    [undefined, 'thing: missing; expected a map of keys and values'],
    [[], 'thing: a list of 0; expected a map of keys and values'],
    [{}, 'thing: name: missing; expected text'],
    [{ name: '' }, 'thing: name: ""; expected text that is not empty'],
    [{ name: 'a', count: 7 }, 'thing: count: 7; expected a multiple of 5'],
    [{ name: 'a', nmae: 1 }, 'thing: nmae: unknown key; check its spelling, or leave it out'],
    [{ name: 'a', tags: [] }, 'thing: tags: a list of 0; expected a number of entries >= 1'],
    [{ name: 'a', tags: ['a', 'b', 'c'] }, 'thing: tags: a list of 3; expected a number of entries <= 2'],
    [{ name: 'a', tags: ['A'] }, 'thing: tags[0]: "A"; expected lower case'],
    [{ name: 'a', sizes: { B: true } }, 'thing: sizes.B: the name is not allowed: lower case'],
    [{ name: 'a', sizes: { b: 1 } }, 'thing: sizes.b: 1; expected true or false'],
    [
      { name: 'a', shape: 'squar' },
      'thing: shape: "squar"; expected "round", "square" or a map of keys and values; did you mean "square"?',
    ],
    [{ name: 'a', shape: 3 }, 'thing: shape: 3; expected "round", "square" or a map of keys and values'],
    [
      { name: 'a', shape: { kind: 'polygone' } },
      'thing: shape.kind: "polygone"; expected one of "polygon", "ellipse"; did you mean "polygon"?',
    ],
    [{ name: 'a', shape: {} }, 'thing: shape.kind: missing; expected one of "polygon", "ellipse"'],
    // A map is meant as a map, even where naming one of the words would miss fewer fields.
    [{ name: 'a', shape: { kind: 'polygon' } }, 'thing: shape.corners: missing; expected a finite number'],
    [
      { name: 'a', shape: { kind: 'polygon', corners: 2 } },
      'thing: shape.corners: 2; expected a number >= 3',
    ],
    [{ name: 'a', shape: { kind: 'ellipse', ratio: 0 } }, 'thing: shape.ratio: 0; expected a number > 0'],
  ])('%j', (value, message) => {
    expect(messageOf(value)).toBe(message);
  });

  it('names every field that is wrong, five at most', () => {
    expect(messageOf({ name: 1, count: 'x' })).toBe(
      'thing: name: 1; expected text; count: "x"; expected a finite number',
    );
    expect(messageOf({ name: 'a', a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 }).match(/unknown key/g)).toHaveLength(
      5,
    );
  });

  it('returns the value with its defaults filled in', () => {
    const withDefault = z.object({ a: z.number().default(3) });
    expect(parseSpecification(withDefault, {}, 'thing')).toEqual({ a: 3 });
  });

  it('answers any value with a short RobustlawError or accepts it', () => {
    fc.assert(
      fc.property(fc.record({ name: fc.anything(), shape: fc.anything(), tags: fc.anything() }), (value) => {
        if (schema.safeParse(value).success) return;
        const message = messageOf(value);
        expect(message).toMatch(/^thing: /);
        expect(message.length).toBeLessThan(5 * 400);
      }),
    );
  });
});

it('writes paths and values as one reads them', () => {
  expect(pathName(['data', 'x', 0, 'n'])).toBe('data.x[0].n');
  expect(pathName([])).toBe('');
  expect(showValue('x'.repeat(100))).toBe(`"${'x'.repeat(56)}...`);
  expect(showValue(Number.NaN)).toBe('NaN');
  expect(showValue(null)).toBe('null');
});
