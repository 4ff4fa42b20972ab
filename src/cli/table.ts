// Aligned plain-text tables for the terminal.

/** Rows under a header, columns padded to their widest cell; columns named in `numeric` are aligned to the right. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: readonly string[] = [],
): string {
  const widths = header.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)),
  );
  const format = (cells: readonly string[]) =>
    widths
      .map((width, i) => {
        const cell = cells[i] ?? '';
        return numeric.includes(header[i]!) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [format(header), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(format)].join(
    '\n',
  );
}

/** A number with `digits` significant digits, as a person writes it: 0.0129, 31.6, 206954, 1.4e+7. */
export function figure(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  return size !== 0 && (size >= 1e6 || size < 1e-3) ? rounded.toExponential(digits - 1) : String(rounded);
}
