// Sign steps with momentum against the formula in float64, and the parts of rows that programs take.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createThreat } from '../../src/attacks/index.ts';
import { linfLimits } from '../../src/attacks/limits.ts';
import { inParts, partSizes } from '../../src/attacks/parts.ts';
import { signStep, stepSizes, withMomentum } from '../../src/attacks/sign-steps.ts';
import { graph, input, inputsOf, scalar, type Value } from '../../src/graph/index.ts';
import { normal, rng, uniform } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';

const FEATURES = 5;
const FRESH = 0.75;

test.each([1, 3, 16, 37, 300])(
  '%i rows: clip(x + fresh (z - x) + (1 - fresh) (x - previous))',
  async (rows) => {
    const key = rng(5).split(rows);
    const size = rows * FEATURES;
    const points = Float32Array.from(uniform(key.split('points'), size, 0, 1));
    const limits = linfLimits(createThreat('linf', 0.1, [0, 1]), points, FEATURES);
    const within = (name: string) =>
      Float32Array.from(uniform(key.split(name), size, 0, 1), (t, i) => {
        const [low, high] = [limits.least[i]!, limits.most[i]!];
        return Math.min(high, Math.max(low, low + t * (high - low)));
      });
    const [current, previous] = [within('current'), within('previous')];
    const gradients = Float32Array.from(normal(key.split('gradients'), size));
    gradients[0] = Number.NaN;
    if (size > 5) gradients[5] = 0;
    const sizes = uniform(key.split('sizes'), rows, 0, 0.3);
    const clip = (v: number, i: number) => Math.min(limits.most[i]!, Math.max(limits.least[i]!, v));
    const arrays = { current, previous, gradients, sizes: stepSizes(sizes), ...limits };
    const next = await stepped(rows, FRESH, arrays);
    const plain = await stepped(rows, undefined, arrays);
    for (let i = 0; i < size; i++) {
      const sign = Number.isNaN(gradients[i]) ? 0 : Math.sign(gradients[i]!);
      const z = clip(current[i]! + sizes[Math.floor(i / FEATURES)]! * sign, i);
      expect(plain[i]).toBeCloseTo(z, 6);
      const moved = current[i]! + FRESH * (z - current[i]!) + (1 - FRESH) * (current[i]! - previous[i]!);
      expect(next[i]).toBeCloseTo(clip(moved, i), 6);
      expect(next[i]).toBeGreaterThanOrEqual(limits.least[i]!);
      expect(next[i]).toBeLessThanOrEqual(limits.most[i]!);
    }
  },
);

/** One step of points and gradients that are given. */
async function stepped(
  rows: number,
  fresh: number | undefined,
  arrays: Readonly<Record<string, Float32Array>>,
): Promise<Float32Array> {
  const given = (name: string, width = FEATURES): Value => input(name, 'float32', [rows, width]);
  const [x, gradients, sizes] = [given('current'), given('gradients'), given('sizes', 1)];
  const limits = { least: given('least'), most: given('most') };
  const z = signStep(x, gradients, sizes, limits);
  const share = (value: number) => scalar('float32', value);
  const next =
    fresh === undefined ? z : withMomentum(x, z, share(fresh), share(1 - fresh), given('previous'), limits);
  const program = await compile(graph(inputsOf([next]), { next }));
  const found = await program.run(
    Object.fromEntries(program.inputs.map(({ name }) => [name, arrays[name]!])),
  );
  await program.dispose();
  return found.next as Float32Array;
}

test('parts cover all rows, in programs that hold them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 0, max: 1000 }),
      async (most, rows) => {
        const sizes = partSizes(most);
        expect(sizes.at(-1)).toBe(most);
        const covered = new Array<number>(rows).fill(0);
        await inParts(sizes, rows, async (size, from, to) => {
          expect(sizes).toContain(size);
          // Full programs, but for fewer rows than the smallest holds.
          if (rows >= sizes[0]!) expect((to - from) % size).toBe(0);
          else expect(to - from).toBeLessThanOrEqual(size);
          for (let i = from; i < to; i++) covered[i]!++;
        });
        expect(covered.every((times) => times >= 1 && times <= 2)).toBe(true);
      },
    ),
  );
});
