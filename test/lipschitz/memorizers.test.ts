// The constants that the constructions know in closed form, against what the general methods find on their exported files.
import { describe, expect, it } from 'vitest';
import { modelFromOnnx } from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import { upperEnd } from '../../src/guarantee/index.ts';
import { matrix } from '../../src/linalg/index.ts';
import { measureLipschitz } from '../../src/lipschitz/index.ts';
import { baum, exportMemorizer } from '../../src/memorizers/index.ts';
import { normal, rng, signs } from '../../src/random/index.ts';
import { SUBJECTS } from '../memorizers/subjects.ts';

describe.each(SUBJECTS)('$name', ({ name, build, sample }) => {
  it('has its own constant between the witness and the certificate found on its file', async () => {
    const memorizer = await build(sample.points, sample.labels);
    const file = decodeModel(exportMemorizer(memorizer, 'float64'), 'memorizer.onnx');
    const model = modelFromOnnx(file, ['y']);
    expect(model.parameterCount).toBe(memorizer.parameterCount);
    const d = memorizer.inputDimension;
    const { lipschitz } = memorizer;
    // On the sphere the constant says nothing of the space around it.
    const known = lipschitz.domain.kind === 'global' ? lipschitz : memorizer.globalLipschitz?.();

    const everywhere = await measureLipschitz(
      model,
      { norm: 'l2', domain: { kind: 'global' } },
      sample.points.data,
      rng(1),
      { seconds: 4, stop: () => false, clever: false },
    );
    if (known) expect(everywhere.lower!.value).toBeLessThanOrEqual(upperEnd(known));
    if (everywhere.upper && known?.kind === 'exact')
      expect(upperEnd(everywhere.upper)).toBeGreaterThanOrEqual(known.enclosure[0]);
    // Every construction moves between its own data, and a witness shows it: but for the unrolled iterations of
    // kirszbraun, in which intervals grow until they prove nothing.
    if (name !== 'kirszbraun') expect(everywhere.lower!.value).toBeGreaterThan(0);

    const box = {
      kind: 'box' as const,
      lower: sample.points.data.slice(0, d).map((v) => v - 0.05),
      upper: sample.points.data.slice(0, d).map((v) => v + 0.05),
    };
    const near = await measureLipschitz(model, { norm: 'l2', domain: box }, sample.points.data, rng(2), {
      seconds: 4,
      stop: () => false,
      clever: false,
    });
    expect(near.lower!.value).toBeLessThanOrEqual(upperEnd(near.upper!));
    if (known) expect(near.lower!.value).toBeLessThanOrEqual(upperEnd(known));
  }, 120_000);
});

it('finds the constant of a memorizer of Baum exactly: four neurons in 64 dimensions, weights of float64', async () => {
  const points = matrix(40, 64, normal(rng(3).split('x'), 40 * 64));
  const memorizer = await baum(points, matrix(40, 1, signs(rng(3).split('y'), 40)), rng(4));
  const model = modelFromOnnx(decodeModel(exportMemorizer(memorizer, 'float64'), 'memorizer.onnx'), ['y']);
  const question = { norm: 'l2', domain: { kind: 'global' } } as const;
  const effort = { seconds: 10, stop: () => false, clever: false };
  const { upper } = await measureLipschitz(model, question, points.data, rng(1), effort);
  expect(upper!.kind).toBe('exact');
  expect(upper!.value).toBeCloseTo(memorizer.lipschitz.value, 7);
}, 60_000);
