// Verdicts of hand-made audits: what is told first, that failures are told as failures, and that unfinished attacks prove nothing.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AuditResult, Ensemble } from '../../src/audit/index.ts';
import { mainEnsemble, verdictSentences } from '../../src/audit/verdict.ts';
import { atLeast, atMost } from '../../src/words/index.ts';
import { ensemble, handMade, robustnessOf, stage } from './hand-made.ts';

function withEnsembles(...ensembles: Ensemble[]): AuditResult {
  return handMade({
    robustness: [
      { norm: 'linf', result: { status: 'done', seconds: 1, value: robustnessOf('linf', ensembles) } },
    ],
  });
}

test('a complete audit, in order', () => {
  const sentences = verdictSentences(handMade());
  expect(sentences[0]).toBe('The model is right on 80 % of 10 points.');
  expect(sentences[1]).toBe(
    'At most 60 % of 10 points stay right against changes within linf distance 0.1: that many withstood all attacks, and 30 % are proven.',
  );
  expect(sentences[2]).toMatch(
    /^Half of the right points can be broken by a change of linf length 0\.15 or less/,
  );
  expect(sentences[3]).toBe('Its l2 Lipschitz constant is between 3 and 5.');
  expect(sentences[4]).toMatch(/80 % of 10 labels of points, and fits them below .* it memorizes noise/);
  expect(sentences[5]).toMatch(/^Of 4 labels known to be wrong it reproduces 3/);
  expect(sentences.at(-1)).toBe('This is what the law says.');
});

test('what puts the numbers in doubt comes first, requirements next, warnings after the results', () => {
  const finding = {
    id: 'softmax-output',
    title: 'Softmax output',
    explanation: 'Gradients vanish.',
    evidence: {},
  };
  const sentences = verdictSentences(
    handMade({
      findings: [
        { ...finding, severity: 'warning', title: 'Loss not rising' },
        { ...finding, severity: 'critical' },
        { ...finding, severity: 'info', title: 'Nothing much' },
      ],
      requirements: [
        { text: 'accuracy >= 0.9', measured: '0.8 (8 of 10 rows)', met: false },
        { text: 'accuracy >= 0.1', measured: '0.8', met: true },
      ],
    }),
  );
  expect(sentences[0]).toBe('Do not rely on these numbers: Softmax output. Gradients vanish.');
  expect(sentences[1]).toBe('1 of 2 requirements is not met: accuracy >= 0.9 (0.8).');
  expect(sentences.at(-1)).toMatch(/^Note: Loss not rising/);
  expect(sentences.join(' ')).not.toMatch(/Nothing much/);
});

const PARTS = ['accuracy', 'robustness', 'lipschitz', 'memorization', 'law'] as const;

test('whatever failed or was skipped is told, with its reason, and without a number', () => {
  fc.assert(
    fc.property(
      fc.subarray([...PARTS], { minLength: 1 }),
      fc.constantFrom('failed' as const, 'skipped' as const),
      (parts, status) => {
        const missing = (name: string) =>
          status === 'failed'
            ? ({ status, seconds: 1, reason: `because of ${name}` } as const)
            : ({ status, reason: `because of ${name}` } as const);
        const change = Object.fromEntries(
          parts.map((part) => [
            part,
            part === 'robustness' ? [{ norm: 'linf', result: missing(part) }] : missing(part),
          ]),
        );
        const sentences = verdictSentences(handMade(change as Partial<AuditResult>));
        for (const part of parts) {
          const told = sentences.filter((sentence) => sentence.includes(`because of ${part}`));
          expect(told).toHaveLength(1);
          expect(told[0]).toMatch(status === 'failed' ? /not measured: it failed/ : /not measured/);
        }
        if (parts.includes('accuracy')) expect(sentences.join(' ')).not.toMatch(/right on/);
        if (parts.includes('robustness')) expect(sentences.join(' ')).not.toMatch(/stay right|can be broken/);
        if (parts.includes('lipschitz')) expect(sentences.join(' ')).not.toMatch(/constant is/);
      },
    ),
  );
});

test('attacks that did not finish are never told as robustness', () => {
  const status = fc.constantFrom('done' as const, 'stopped' as const, 'failed' as const);
  fc.assert(
    fc.property(
      fc.array(status, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 6 }),
      (states, notAttacked) => {
        fc.pre(notAttacked > 0 || states.some((one) => one !== 'done'));
        const stages = states.map((one, i) => stage({ attack: `attack ${i}`, status: one }));
        const text = verdictSentences(withEnsembles(ensemble({ stages, notAttacked }))).join(' ');
        expect(text).not.toMatch(/stay right|withstood/);
        expect(text).toMatch(
          /are not complete.*broke 2 of 8 right points so far, which says nothing of the others; 30 % are proven/,
        );
      },
    ),
  );
});

test('the radius told is the one nearest to half of the accuracy', () => {
  const radii = [8, 7, 5, 1, 0].map((robust, i) => ensemble({ robust, radius: (i + 1) / 10 }));
  expect(mainEnsemble(robustnessOf('linf', radii))!.radius).toBeCloseTo(0.3, 12);
  expect(mainEnsemble(robustnessOf('linf', []))).toBeUndefined();
  expect(verdictSentences(withEnsembles()).join(' ')).not.toMatch(/stay right/);
});

test('a model with nothing right has nothing to break', () => {
  const nothing = ensemble({
    correct: 0,
    robust: 0,
    certified: 0,
    stages: [stage({ attacked: 0, broken: 0, robustAfter: 0 })],
  });
  expect(verdictSentences(withEnsembles(nothing)).join(' ')).toMatch(
    /None of 10 points is right to begin with/,
  );
});

test('regression, and shares that are almost all or none', () => {
  const result = handMade({
    model: { ...handMade().model, task: { kind: 'regression', outputs: 1, tolerance: 0.5 } },
    accuracy: {
      status: 'done',
      seconds: 1,
      value: { all: { points: 100_000, correct: 99_999 }, classes: [], meanSquaredError: 0.25 },
    },
  });
  expect(verdictSentences(result)[0]).toBe(
    'The model is within 0.5 of the wanted outputs on over 99.9 % of 100,000 points; its mean squared error is 0.25.',
  );
});

test('bounds are rounded outwards', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-12, max: 1e12, noNaN: true }), (value) => {
      const number = (text: string) => Number(text.replaceAll(',', ''));
      expect(number(atMost(value))).toBeGreaterThanOrEqual(value);
      expect(number(atMost(value))).toBeLessThanOrEqual(value * 1.0101);
      expect(number(atLeast(value))).toBeLessThanOrEqual(value);
      expect(number(atLeast(value))).toBeGreaterThanOrEqual(value / 1.0101);
    }),
  );
});
