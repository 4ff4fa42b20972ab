// The published schema of data.json is the one that surveys are checked with.
import { expect, it } from 'vitest';
import { surveyJsonSchema } from '../../src/survey/index.ts';

it('schema/data.schema.json is up to date; re-make it with `npx vitest run test/survey/schema.test.ts -u`', async () => {
  const text = `${JSON.stringify(surveyJsonSchema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../schema/data.schema.json');
});
