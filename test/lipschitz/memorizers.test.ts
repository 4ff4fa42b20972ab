// The constants that the constructions know in closed form, against what the general methods find on their exported files.
import { describe, expect, it } from 'vitest';
import { decodeModel, modelFromOnnx } from '../../src/graph/index.ts';
import { upperEnd } from '../../src/guarantee/index.ts';
import { measureLipschitz } from '../../src/lipschitz/index.ts';
import { exportMemorizer } from '../../src/memorizers/index.ts';
import { rng } from '../../src/random/index.ts';
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
