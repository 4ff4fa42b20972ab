// The published schema of plan.json is the one that plans are checked with.
import { expect, it } from 'vitest';
import { planJsonSchema } from '../../src/plan/index.ts';

it('schema/plan.schema.json is up to date; re-make it with `npx vitest run test/plan/schema.test.ts -u`', async () => {
  const text = `${JSON.stringify(planJsonSchema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../schema/plan.schema.json');
});
