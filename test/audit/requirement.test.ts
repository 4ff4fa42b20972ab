// Requirements: what is read and refused, and that nothing passes which was not measured.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AuditResult } from '../../src/audit/index.ts';
import { checkRequirement, parseRequirement, requiredRadii } from '../../src/audit/requirement.ts';
import { RobustlawError } from '../../src/errors.ts';
import { ensemble, handMade, robustnessOf, stage } from './hand-made.ts';

function check(text: string, result: AuditResult = handMade()) {
  return checkRequirement(parseRequirement(text), result);
}

function withRobustness(
  status: 'done' | 'partial',
  ...ensembles: Parameters<typeof robustnessOf>[1]
): AuditResult {
  const value = robustnessOf('linf', ensembles);
  const result =
    status === 'done'
      ? ({ status, seconds: 1, value } as const)
      : ({ status, seconds: 1, value, reason: 'time ran out' } as const);
  return handMade({ robustness: [{ norm: 'linf', result }] });
}

test('reads names, norms, radii, fractions and operators', () => {
  expect(parseRequirement('robust-accuracy(linf, 8/255) >= 0.8')).toEqual({
    text: 'robust-accuracy(linf, 8/255) >= 0.8',
    quantity: { name: 'robust-accuracy', norm: 'linf', radius: 8 / 255 },
    operator: '>=',
    value: 0.8,
  });
  expect(parseRequirement('  accuracy>.9 ')).toMatchObject({
    operator: '>',
    value: 0.9,
    text: 'accuracy>.9',
  });
  expect(parseRequirement('lipschitz( l2 ) <= 1e2')).toMatchObject({
    quantity: { name: 'lipschitz', norm: 'l2' },
    value: 100,
  });
  expect(parseRequirement('parameter-ratio() < 1')).toMatchObject({ quantity: { name: 'parameter-ratio' } });
});

test.each([
  ['robust-acuracy(linf, 0.1) >= 0.8', /did you mean "robust-accuracy"/],
  ['quality >= 1', /there is "accuracy", "robust-accuracy"/],
  ['robust-accuracy(lnf, 0.1) >= 0.8', /did you mean "linf"/],
  ['robust-accuracy(l3, 0.1) >= 0.8', /one of l1, l2, linf/],
  ['robust-accuracy(linf) >= 0.8', /robust-accuracy\(norm, radius\)/],
  ['accuracy(linf) >= 0.8', /expected accuracy/],
  ['robust-accuracy(linf, -0.1) >= 0.8', /radius/],
  ['robust-accuracy(linf, 0) >= 0.8', /radius/],
  ['accuracy >= 80 %', /like "robust-accuracy/],
  ['accuracy >= 1/0', /0\.8 or 8\/255/],
  ['accuracy >= high', /0\.8 or 8\/255/],
  ['accuracy = 1', /one of >=/],
  ['accuracy', /one of >=/],
  ['', /one of >=/],
])('refuses %j', (text, message) => {
  expect(() => parseRequirement(text)).toThrow(message);
});

test('reading never fails in another way', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 60 }), (text) => {
      try {
        parseRequirement(text);
      } catch (error) {
        expect(error instanceof RobustlawError && error.code).toBe('invalid-argument');
      }
    }),
  );
});

test('a number is read as it was written', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(parseRequirement(`accuracy < ${value}`).value === value).toBe(true);
    }),
  );
});

test('radii to attack, once each', () => {
  const texts = [
    'robust-accuracy(linf, 0.1) >= 0.8',
    'certified-accuracy(linf, 1/10) >= 0.1',
    'robust-accuracy(l2, 0.1) > 0',
    'accuracy > 0',
  ];
  expect(requiredRadii(texts.map(parseRequirement))).toEqual([
    { norm: 'linf', radius: 0.1 },
    { norm: 'l2', radius: 0.1 },
  ]);
});

test.each([
  ['accuracy >= 0.8', true],
  ['accuracy > 0.8', false],
  ['accuracy <= 0.8', true],
  ['accuracy < 0.8', false],
  ['robust-accuracy(linf, 0.1) >= 0.6', true],
  ['robust-accuracy(linf, 0.1) > 0.6', false],
  ['certified-accuracy(linf, 0.1) >= 0.3', true],
  ['certified-accuracy(linf, 0.1) >= 0.31', false],
  ['certified-accuracy(linf, 0.05) >= 0.3', true],
  ['certified-accuracy(linf, 0.2) > 0', false],
  ['median-distance(linf) >= 0.15', true],
  ['median-distance(linf) >= 0.16', false],
  ['certified-median(linf) >= 0.04', true],
  ['certified-median(linf) >= 0.05', false],
  ['lipschitz(l2) <= 5', true],
  ['lipschitz(l2) <= 4.9', false],
  ['lipschitz(l2) >= 3', true],
  ['lipschitz(l2) >= 3.1', false],
  ['lipschitz-lower(l2) <= 3', true],
  ['parameter-ratio >= 2.5', true],
  ['parameter-ratio >= 2.6', false],
  ['parameter-ratio <= 10', true],
  ['parameter-ratio <= 9', false],
  ['memorized-flips <= 0.75', true],
  ['memorized-flips <= 0.7', false],
])('%s: %s', (text, met) => {
  expect(check(text)).toMatchObject({ text, met });
});

test('what an audit does not know is met in neither direction', () => {
  const failed = { status: 'failed', seconds: 1, reason: 'the model crashed' } as const;
  const skipped = { status: 'skipped', reason: 'not asked for' } as const;
  for (const one of [failed, skipped]) {
    const result = handMade({
      accuracy: one,
      robustness: [{ norm: 'linf', result: one }],
      lipschitz: one,
      memorization: one,
      law: one,
      stability: [],
    });
    for (const quantity of [
      'accuracy',
      'robust-accuracy(linf, 0.1)',
      'certified-accuracy(linf, 0.1)',
      'median-distance(linf)',
      'certified-median(linf)',
      'robust-accuracy(l1, 0.1)',
      'lipschitz(l2)',
      'lipschitz-lower(l2)',
      'parameter-ratio',
      'memorized-flips',
    ]) {
      for (const operator of ['>= -1e300', '<= 1e300', '> -1e300', '< 1e300']) {
        const found = check(`${quantity} ${operator}`, result);
        expect(found.met, `${quantity} ${operator}`).toBe(false);
        expect(found.measured).toMatch(/not measured/);
      }
    }
  }
});

test('rows that time did not allow to attack count as broken, but for proven ones', () => {
  const half = withRobustness(
    'partial',
    ensemble({ notAttacked: 2, stages: [stage({ status: 'stopped', notAttacked: 2 })] }),
  );
  expect(check('robust-accuracy(linf, 0.1) >= 0.4', half).met).toBe(true);
  const found = check('robust-accuracy(linf, 0.1) >= 0.41', half);
  expect(found.met).toBe(false);
  expect(found.measured).toMatch(/between 0.4 and 0.6.*2 of them were not attacked in full/);
  const none = withRobustness('partial', ensemble({ notAttacked: 6 }));
  expect(check('robust-accuracy(linf, 0.1) >= 0.3', none).met).toBe(true);
  expect(check('robust-accuracy(linf, 0.1) >= 0.31', none).met).toBe(false);
});

test('where an attack failed, only what is proven counts', () => {
  const result = withRobustness(
    'partial',
    ensemble({ stages: [stage(), stage({ attack: 'square', status: 'failed' })] }),
  );
  const found = check('robust-accuracy(linf, 0.1) >= 0.31', result);
  expect(found).toMatchObject({ met: false, measured: expect.stringMatching(/square failed/) });
  expect(check('robust-accuracy(linf, 0.1) >= 0.3', result).met).toBe(true);
  expect(check('robust-accuracy(linf, 0.1) <= 0.6', result).met).toBe(true);
});

test('a radius that was not attacked has the proven rows below and the found distances above', () => {
  const found = check('robust-accuracy(linf, 0.15) >= 0.1');
  expect(found).toMatchObject({ met: false, measured: expect.stringMatching(/at most|between 0 and 0.6/) });
  expect(check('robust-accuracy(linf, 0.15) <= 0.6').met).toBe(true);
  expect(check('robust-accuracy(linf, 0.05) >= 0.3').met).toBe(true);
  expect(check('robust-accuracy(linf, 0.05) >= 0.31').met).toBe(false);
});

test('a median that no attack reached proves nothing beyond the certificates', () => {
  const result = handMade({
    stability: [{ norm: 'linf', certified: 0.05, found: null, median: [0.04, null] }],
  });
  expect(check('median-distance(linf) >= 0.04', result).met).toBe(true);
  expect(check('median-distance(linf) >= 0.05', result).met).toBe(false);
  expect(check('median-distance(linf) <= 1e9', result).met).toBe(false);
});

test('a local constant does not stand for the global one', () => {
  const result = handMade();
  const local = 'value' in result.lipschitz ? result.lipschitz.value.slice(1) : [];
  const partial = handMade({ lipschitz: { status: 'partial', seconds: 1, reason: 'no time', value: local } });
  expect(check('lipschitz(l2) <= 100', partial)).toMatchObject({
    met: false,
    measured: expect.stringMatching(/no time/),
  });
  const open = handMade({
    lipschitz: {
      status: 'done',
      seconds: 1,
      value: [{ norm: 'l2', domain: 'the whole space', lower: null, upper: null, answers: [] }],
    },
  });
  expect(check('lipschitz(l2) <= 1e300', open).met).toBe(false);
});

test('a partial accuracy counts rows that were not evaluated against the model', () => {
  const result = handMade({
    accuracy: {
      status: 'partial',
      seconds: 1,
      reason: 'time ran out',
      value: { all: { points: 5, correct: 5 }, classes: [], meanSquaredError: null },
    },
  });
  expect(check('accuracy >= 0.5', result).met).toBe(true);
  expect(check('accuracy >= 0.51', result).met).toBe(false);
  expect(check('accuracy <= 0.99', result).met).toBe(false);
});

test('more attacks not done never turn a requirement from unmet to met', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 6 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (notAttacked, value) => {
        const text = `robust-accuracy(linf, 0.1) >= ${value}`;
        const part = withRobustness('partial', ensemble({ notAttacked }));
        if (check(text, part).met) expect(check(text).met).toBe(true);
      },
    ),
  );
});
