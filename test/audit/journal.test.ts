// The journal: what was put is there after closing, after a kill, and bit for bit.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openJournal } from '../../src/audit/journal.ts';

const folder = mkdtempSync(join(tmpdir(), 'journal-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a journal', () => {
  it('gives back what was put, typed arrays and strange numbers included, when opened again', () => {
    const path = join(folder, 'a.sqlite');
    const value = {
      x: new Float32Array([1.5, Number.NaN, -0, Infinity]),
      deep: [{ y: new Float64Array([1e-308]) }, 'text', null, undefined],
    };
    const first = openJournal(path, 'identity');
    expect(first.get('step')).toBeUndefined();
    first.put('step', value);
    first.put('step', 'another value for the same step');
    expect(first.get('step')).toEqual(value);
    first.close();
    const second = openJournal(path, 'identity');
    expect(second.get('step')).toEqual(value);
    expect(second.get('other')).toBeUndefined();
    second.close();
  });

  it('keeps the bits of any floats', () => {
    const journal = openJournal(join(folder, 'bits.sqlite'), 'identity');
    let count = 0;
    fc.assert(
      fc.property(fc.float32Array(), (array) => {
        const key = `array ${count++}`;
        journal.put(key, array);
        const found = journal.get(key) as Float32Array;
        expect(new Uint32Array(found.slice().buffer)).toEqual(new Uint32Array(array.slice().buffer));
      }),
      { numRuns: 50 },
    );
    journal.close();
  });

  it('refuses the identity of another audit, and files that are no journals', () => {
    const path = join(folder, 'b.sqlite');
    openJournal(path, 'one').close();
    expect(() => openJournal(path, 'two')).toThrow(/another model, other data/);
    openJournal(path, 'one').close();
    const text = join(folder, 'c.sqlite');
    writeFileSync(
      text,
      'this is no database, but long enough to have a header of one hundred bytes'.repeat(3),
    );
    expect(() => openJournal(text, 'one')).toThrow(/no journal of an audit/);
  });

  it('holds every step that was put before the process was killed', async () => {
    const path = join(folder, 'killed.sqlite');
    const program = `
      import { openJournal } from '${import.meta.dirname}/../../src/audit/journal.ts';
      const journal = openJournal(${JSON.stringify(path)}, 'identity');
      for (let i = 0; ; i++) { journal.put('step ' + i, new Float64Array(1000).fill(i)); console.log(i); }`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let last = -1;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = text.trim().split('\n');
      last = Math.max(last, Number(lines.at(-1)));
      if (last >= 20) child.kill('SIGKILL');
    });
    await once(child, 'close');
    expect(last).toBeGreaterThanOrEqual(20);
    const journal = openJournal(path, 'identity');
    for (let i = 0; i < last; i++) expect(journal.get(`step ${i}`)).toEqual(new Float64Array(1000).fill(i));
    journal.close();
  });
});
