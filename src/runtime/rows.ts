// Any number of rows through a program that takes a fixed number of them at once.
import { allocate, type FloatType, sizeOf } from '../graph/index.ts';
import type { Program } from './program.ts';

/** Rows of floating-point numbers one after another. */
export type Rows = Float32Array | Float64Array;

/**
 * Runs a program whose inputs and outputs have `batch` rows on as many rows as `feeds` hold, in chunks. `lengths` names the
 * outputs to collect and the entries of one row of each: the array of an output is `[rows, length]`, made by `collect`.
 */
export async function runRows<Names extends string, Collected extends Rows>(
  program: Program,
  batch: number,
  dtype: FloatType,
  feeds: Readonly<Record<string, Rows>>,
  lengths: Readonly<Record<Names, number>>,
  collect: new (length: number) => Collected,
): Promise<Record<Names, Collected>> {
  const [{ name, shape }] = program.inputs as [Program['inputs'][number]];
  // Both quotients are whole: there is nothing to round.
  const count = feeds[name]!.length / (sizeOf(shape) / batch);
  const results = Object.fromEntries(
    Object.entries<number>(lengths).map(([output, length]) => [output, new collect(count * length)]),
  ) as Record<Names, Collected>;
  await fillRows(program, batch, dtype, feeds, results);
  return results;
}

/** As runRows(), into arrays that are there: the outputs named in `results`, `[rows, length]` each. */
export async function fillRows(
  program: Program,
  batch: number,
  dtype: FloatType,
  feeds: Readonly<Record<string, Rows>>,
  results: Readonly<Record<string, Rows>>,
): Promise<void> {
  const widths = Object.fromEntries(
    program.inputs.map(({ name, shape }) => [name, sizeOf(shape) / batch] as const),
  );
  const [first] = program.inputs;
  const count = feeds[first!.name]!.length / widths[first!.name]!;
  for (let from = 0; from < count; from += batch) {
    const rows = Math.min(batch, count - from);
    const chunk = Object.fromEntries(
      program.inputs.map(({ name }) => {
        const width = widths[name]!;
        const given = feeds[name]!.subarray(from * width, (from + rows) * width);
        return [name, rows === batch && isOf(dtype, given) ? given : padRows(dtype, given, rows, batch)];
      }),
    );
    const part = (name: string) => {
      const length = results[name]!.length / count;
      return results[name]!.subarray(from * length, (from + rows) * length);
    };
    // Whole batches are written where they belong: new arrays of their size cost more than many a graph.
    const into = Object.fromEntries(
      Object.keys(results).flatMap((name) =>
        rows === batch && isOf(dtype, part(name)) ? [[name, part(name)]] : [],
      ),
    );
    const found = await program.run(chunk, into);
    for (const name of Object.keys(results))
      if (!into[name]) part(name).set((found[name] as Rows).subarray(0, part(name).length));
  }
}

function isOf(dtype: FloatType, rows: Rows): boolean {
  return rows instanceof (dtype === 'float32' ? Float32Array : Float64Array);
}

/** `rows` rows made `batch`: those past the last one repeat the first, as at zero an operator may not be defined. */
export function padRows(dtype: FloatType, given: Rows, rows: number, batch: number): Rows {
  const width = given.length / rows;
  const all = allocate(dtype, batch * width) as Rows;
  all.set(given);
  for (let i = rows; i < batch; i++) all.copyWithin(i * width, 0, width);
  return all;
}
