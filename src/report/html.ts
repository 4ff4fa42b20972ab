// Markup in which everything that comes from data is escaped: the tag `html` is the only way to build a page.

/** Markup that is safe to insert as it stands. */
export interface Html {
  readonly markup: string;
}

/** What may stand in a `${}`: text (escaped), markup, or a list of markup. No numbers: they go through `number.ts`. */
type Insertion = string | Html | readonly Html[];

/** Escapes every inserted string; inserts markup as it stands. */
export function html(literals: TemplateStringsArray, ...insertions: readonly Insertion[]): Html {
  return {
    markup: literals.reduce((page, literal, index) => page + markupOf(insertions[index - 1]!) + literal),
  };
}

/** Declares that `markup`, made by a renderer of this project, is safe. */
export function trusted(markup: string): Html {
  return { markup };
}

export const NOTHING: Html = trusted('');

/** Text for HTML content and for double-quoted attributes. */
export function escapeHtml(text: string): string {
  return plain(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/**
 * Text without what neither HTML nor XML may hold or what reorders its surroundings: control characters,
 * lone surrogates and directional overrides become U+FFFD.
 */
export function plain(text: string): string {
  return text.toWellFormed().replace(UNPRINTABLE, '\uFFFD');
}

/** At most `length` characters, with an ellipsis where something was cut; line breaks become spaces. */
export function shorten(text: string, length: number): string {
  const line = Array.from(plain(text).replace(/\s+/g, ' '));
  return line.length <= length ? line.join('') : `${line.slice(0, length - 1).join('')}\u2026`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const UNPRINTABLE = /(?![\t\n\r])[\p{Cc}\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/gu;

function markupOf(insertion: Insertion): string {
  if (typeof insertion === 'string') return escapeHtml(insertion);
  return 'markup' in insertion ? insertion.markup : insertion.map((part) => part.markup).join('');
}
