// Which files are the parts of one data set, by their names: `train-00000-of-00002.parquet` as Hugging Face's `datasets` writes
// them, `part-0.parquet`, `0001.parquet`.
import { malformed } from './bytes.ts';

/**
 * The names in the order of their numbers, where they are those of the parts of one data set: names that differ in one number,
 * or in what comes after `00000-of-00002`. Undefined for names that differ otherwise.
 *
 * @param folder opens the message.
 * @throws RobustlawError `malformed-file` where a part that the names count is missing or there twice.
 */
export function shardsInOrder(folder: string, names: readonly string[]): readonly string[] | undefined {
  const counted = names.map((name) => OF.exec(name));
  if (counted.every((match) => match !== null)) {
    const [stems, totals] = [1, 3].map((group) => new Set(counted.map((match) => match[group]!)));
    if (stems!.size > 1 || totals!.size > 1) return undefined;
    return complete(
      folder,
      names.map((name, i) => ({ name, number: Number(counted[i]![2]) })),
      Number(counted[0]![3]),
    );
  }
  const pieces = names.map((name) => name.split(/(\d+)/));
  const [first] = pieces;
  const differing = first!.flatMap((piece, i) => (pieces.every((other) => other[i] === piece) ? [] : [i]));
  const [at] = differing;
  // Odd pieces are the numbers.
  if (pieces.some(({ length }) => length !== first!.length) || differing.length !== 1 || at! % 2 === 0)
    return undefined;
  return names.toSorted((a, b) => numberAt(a, at!) - numberAt(b, at!) || (a < b ? -1 : 1));
}

/** Stem, number of the part, number of all parts; what follows may be a checksum. */
const OF = /^(.*?)(\d+)-of-(\d+)(?!.*\d-of-\d)/;

function numberAt(name: string, piece: number): number {
  return Number(name.split(/(\d+)/)[piece]);
}

function complete(
  folder: string,
  parts: readonly { readonly name: string; readonly number: number }[],
  total: number,
): readonly string[] {
  const sorted = parts.toSorted((a, b) => a.number - b.number);
  const twice = sorted.find(({ number }, i) => number === sorted[i + 1]?.number);
  if (twice) throw malformed(folder, `holds part ${twice.number} of ${total} twice; expected each part once`);
  const there = new Set(sorted.map(({ number }) => number));
  if (sorted.length === total && sorted.every(({ number }) => number < total))
    return sorted.map(({ name }) => name);
  const missing = [];
  for (let number = 0; number < total && missing.length < 5; number++)
    if (!there.has(number)) missing.push(number);
  throw malformed(
    folder,
    missing.length > 0
      ? `part ${missing.join(', ')}${sorted.length + missing.length < total ? ', ...' : ''} of ${total} is missing (numbers from 0); put all parts into the folder, or name the files to read`
      : `holds parts beyond the ${total} that their names count; put those of one data set into the folder`,
  );
}
