// The published schema of audit.json is the one that audits are checked with.
import { expect, it } from 'vitest';
import { auditJsonSchema } from '../../src/audit/index.ts';

it('schema/audit.schema.json is up to date; re-make it with `npx vitest run test/audit/schema.test.ts -u`', async () => {
  const text = `${JSON.stringify(auditJsonSchema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../schema/audit.schema.json');
});
