// Reasons are said once each, with all that they concern.
import { expect, test } from 'vitest';
import { reasonsOnce } from '../../src/audit/reasons.ts';

const late = 'the time was over';

test('stages of one reason are one sentence, those of the same radii together', () => {
  const shortfalls = [
    { what: 'FAB-T', radius: 0.1, reason: late },
    { what: 'Square', radius: 0.1, reason: late },
    { what: 'APGD-CE', radius: 0.2, reason: late },
    { what: 'FAB-T', radius: 0.2, reason: late },
    { what: 'Square', radius: 0.2, reason: late },
    { what: 'minimum norm', radius: undefined, reason: late },
  ];
  expect(reasonsOnce(shortfalls)).toEqual([
    'the time was over (FAB-T, Square at 0.1, 0.2; APGD-CE at 0.2; minimum norm)',
  ]);
});

test('different reasons stay apart, in the order in which they come', () => {
  expect(
    reasonsOnce([
      { what: 'FAB-T', radius: 0.1, reason: 'the process died' },
      { what: 'Square', radius: 0.1, reason: late },
      { what: 'FAB-T', radius: 0.2, reason: 'the process died' },
    ]),
  ).toEqual(['the process died (FAB-T at 0.1, 0.2)', 'the time was over (Square at 0.1)']);
  expect(reasonsOnce([])).toEqual([]);
});
