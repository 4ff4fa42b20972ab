// Results as JSON for machines: typed arrays as lists, numbers that JSON lacks as words.

/** Indented JSON text; NaN and the infinities become the strings "NaN", "Infinity" and "-Infinity". */
export function plainJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_, item: unknown) => {
      if (ArrayBuffer.isView(item)) return [...(item as Float64Array)];
      return typeof item === 'number' && !Number.isFinite(item) ? String(item) : item;
    },
    2,
  );
}
