// A column of labels as text: numbers, or class names that are numbered when all of them are known.
import { malformed, requireDecodable } from './bytes.ts';
import { type Numbering, numberClasses } from './class-names.ts';

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Whether a field is a decimal number. */
export function isNumber(field: string): boolean {
  return NUMBER.test(field.trim());
}

/**
 * The finite decimal number in a field.
 *
 * @throws RobustlawError `malformed-file` naming line, column and value.
 */
export function parseNumber(
  field: string,
  file: string,
  line: number,
  column: string,
  unit: 'line' | 'row' = 'line',
): number {
  const text = field.trim();
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) {
    const shown = JSON.stringify(text.slice(0, 40));
    throw malformed(
      file,
      `${unit} ${line}, column ${JSON.stringify(column)}: ${shown}; expected a finite decimal number`,
    );
  }
  return value;
}

/** A float64 array that grows by doubling, within the limit. */
export class Growing {
  private readonly file: string;
  private readonly maxBytes: number;
  private values = new Float64Array(1024);
  private length = 0;

  constructor(file: string, maxBytes: number) {
    this.file = file;
    this.maxBytes = maxBytes;
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      requireDecodable(this.file, this.length + 1, 8, this.maxBytes);
      const capacity = Math.min(2 * this.length, Math.floor(this.maxBytes / 8));
      const grown = new Float64Array(capacity);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.length++] = value;
  }

  finish(): Float64Array {
    requireDecodable(this.file, this.length, 8, this.maxBytes);
    return this.values.slice(0, this.length);
  }
}

/** One label column: numbers throughout where the first is one, else class names counted as they come. */
export class LabelColumn {
  private readonly file: string;
  private readonly name: string;
  private readonly unit: 'line' | 'row';
  private readonly values: Growing;
  private readonly classes = new Map<string, number>();
  private numeric: boolean | undefined;

  /** @param unit what errors count: lines of text, or rows. */
  constructor(file: string, name: string, maxBytes: number, unit: 'line' | 'row' = 'line') {
    this.file = file;
    this.name = name;
    this.unit = unit;
    this.values = new Growing(file, maxBytes);
  }

  /** @param file named in errors, where the column goes on in another one. */
  push(field: string, line: number, file = this.file): void {
    this.numeric ??= isNumber(field);
    if (this.numeric) {
      this.values.push(parseNumber(field, file, line, this.name, this.unit));
      return;
    }
    if (field === '' || /^(nan|na|null|none|\?)$/i.test(field)) {
      throw malformed(
        file,
        `${this.unit} ${line}, column ${JSON.stringify(this.name)}: ${JSON.stringify(field)}; expected a label`,
      );
    }
    const index = this.classes.get(field) ?? this.classes.size;
    this.classes.set(field, index);
    this.values.push(index);
  }

  /** The labels as numbers; `order` lists the class names, which are numbered alphabetically without it. */
  finish(order?: readonly string[]): { values: Float64Array; numbering?: Numbering } {
    const values = this.values.finish();
    if (this.numeric) return { values };
    const names = [...this.classes.keys()];
    const numbering = numberClasses(this.file, `classes of column ${this.name}`, names, order);
    return { values: values.map((index) => numbering.numbers.get(names[index]!)!), numbering };
  }
}

/** The names of the classes, where there is one column of labels and it has them. */
export function classNamesOf(columns: readonly { readonly numbering?: Numbering }[]): {
  readonly classNames?: readonly string[];
} {
  const [first, ...others] = columns;
  return others.length === 0 && first?.numbering ? { classNames: first.numbering.classNames } : {};
}
