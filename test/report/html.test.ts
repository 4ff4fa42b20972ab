import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { escapeHtml, html, NOTHING, plain, shorten, trusted } from '../../src/report/html.ts';
import { HOSTILE } from './fixtures.ts';

/** Strings of markup, quotes, entities, controls and letters. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      '<',
      '>',
      '"',
      "'",
      '&',
      '&lt;',
      '</p>',
      '\u0000',
      '\uD800',
      '\u202E',
      '`',
      '=',
      'a',
      ' ',
    ),
  }),
  fc.constant(HOSTILE),
);

test('an HTML parser reads back the text and finds no element, in content and in attributes', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      // The parser folds line ends as HTML asks; the comparison is about everything else.
      const expected = plain(text).replace(/\r\n?/g, '\n');
      const { document } = parseHTML(html`<p title="${text}">${text}</p>`.markup.replace(/\r\n?/g, '\n'));
      const paragraph = document.querySelector('p')!;
      expect(paragraph.children.length).toBe(0);
      expect(paragraph.textContent).toBe(expected);
      expect(paragraph.getAttribute('title')).toBe(expected);
      expect(document.querySelectorAll('*').length).toBe(1);
    }),
    { numRuns: 500 },
  );
});

test('no character that could open or close markup survives', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      expect(escapeHtml(text)).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/);
    }),
  );
});

test('markup is inserted as it stands, lists one after the other, nothing as nothing', () => {
  const bold = html`<b>${'<'}</b>`;
  expect(html`<p>${bold}${[bold, trusted('<i></i>')]}${NOTHING}${[]}</p>`.markup).toBe(
    '<p><b>&lt;</b><b>&lt;</b><i></i></p>',
  );
});

test('plain text holds no control character, lone surrogate or directional override, and keeps line breaks', () => {
  expect(plain('a\u0000b\u0007c\u007Fd\u009Fe\u202Ef\u2066g\uFFFFh')).toBe(
    'a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFDf\uFFFDg\uFFFDh',
  );
  expect(plain('\uD800x\uDC00')).toBe('\uFFFDx\uFFFD');
  expect(plain('line\n\tone\r\n \u{1F600} \u00E9')).toBe('line\n\tone\r\n \u{1F600} \u00E9');
});

test('shortened text has at most the length asked for, in whole characters', () => {
  expect(shorten('projected-rbf', 20)).toBe('projected-rbf');
  expect(shorten('projected-rbf', 6)).toBe('proje\u2026');
  expect(shorten('a\n b', 10)).toBe('a b');
  fc.assert(
    fc.property(nasty, fc.integer({ min: 1, max: 20 }), (text, length) => {
      const short = shorten(text, length);
      expect(Array.from(short).length).toBeLessThanOrEqual(length);
      expect(short.isWellFormed()).toBe(true);
    }),
  );
});
