// Fewer inputs and outputs for the same program: by Douglas' lemma, R R^T >= V V^T means V = R Q with |Q|_2 <= 1.
import { gram, type Matrix, matrix, transpose, tryCholesky } from '../../linalg/index.ts';
import { addUp, divideUp, gamma, multiplyUp, nextDown, normEnclosure } from '../../numeric/index.ts';
import type { Program, Terms } from './program.ts';
import { sizeOf } from './program.ts';

/**
 * The program with no more inputs than rows that read them and no more outputs than variables they read: of 784 inputs
 * and 50 neurons after them, 50 remain. Its bound holds for the given program too, and exceeds that of the given one by a
 * fraction of about n 2^-53 only.
 */
export function reduced(program: Program): Program {
  return withFewerOutputs(withFewerInputs(program));
}

function withFewerInputs(program: Program): Program {
  const forms = [...program.blocks, program.output].map(({ terms }) => terms.get(0));
  const readers = forms.reduce((sum, w) => sum + (w?.rows ?? 0), 0);
  if (readers === 0 || readers >= program.inputs) return program;
  const stacked = matrix(readers, program.inputs);
  let at = 0;
  for (const w of forms) {
    if (!w) continue;
    stacked.data.set(w.data, at * program.inputs);
    at += w.rows;
  }
  const root = dominatingRoot(stacked);
  at = 0;
  const rewritten = (terms: Terms): Terms => {
    const w = terms.get(0);
    if (!w) return terms;
    const part = root.data.slice(at * readers, (at + w.rows) * readers);
    at += w.rows;
    return new Map([...terms, [0, matrix(w.rows, readers, part)]]);
  };
  const blocks = program.blocks.map((block) => ({ ...block, terms: rewritten(block.terms) }));
  return {
    ...program,
    inputs: readers,
    blocks,
    output: { ...program.output, terms: rewritten(program.output.terms) },
  };
}

function withFewerOutputs(program: Program): Program {
  const { terms } = program.output;
  const parts = [...terms].map(([k, w]) => ({ k, transposed: transpose(w), size: sizeOf(program, k) }));
  const columns = parts.reduce((sum, { size }) => sum + size, 0);
  const rows = parts[0]?.transposed.columns ?? 0;
  if (columns === 0 || columns >= rows) return program;
  const stacked = matrix(columns, rows);
  let at = 0;
  for (const { transposed } of parts) {
    stacked.data.set(transposed.data, at);
    at += transposed.data.length;
  }
  const root = dominatingRoot(stacked);
  at = 0;
  const fewer = parts.map(({ k, size }): [number, Matrix] => {
    const part = root.data.slice(at * columns, (at + size) * columns);
    at += size;
    return [k, transpose(matrix(size, columns, part))];
  });
  return { ...program, output: { ...program.output, terms: new Map(fewer) } };
}

/** A square R with R R^T >= V V^T in exact arithmetic, close to it. */
function dominatingRoot(v: Matrix): Matrix {
  const n = v.rows;
  const g = gram(v);
  const frobenius = normEnclosure(v.data)[1];
  const squares = multiplyUp(frobenius, frobenius);
  // |V V^T - G|_2 <= gamma(columns) |V|_F^2, and |R R^T - A|_2 <= gamma(n + 1) / (1 - gamma(n + 1)) tr A (Higham 2002,
  // Theorem 10.5), where tr A <= 2 |V|_F^2 as long as the shift is small; the diagonal of A is rounded once. Products
  // below 2^-1022 lose at most 2^-1075 each.
  const ofCholesky = divideUp(gamma(n + 1), nextDown(1 - gamma(n + 1)));
  const relative = addUp(addUp(gamma(v.columns), multiplyUp(2, ofCholesky)), gamma(2));
  const least = addUp(multiplyUp(relative, squares), n * (v.columns + n) * 2 ** -1000);
  for (let shift = 2 * least; n * shift < squares / 2; shift *= 8) {
    const a = matrix(n, n, g.data.slice());
    for (let i = 0; i < n; i++) a.data[i * n + i] = a.data[i * n + i]! + shift;
    const root = tryCholesky(a);
    if (root) return root;
  }
  // Only for V = 0, or thousands of rows: |V|_F I.
  const root = matrix(n, n);
  for (let i = 0; i < n; i++) root.data[i * n + i] = frobenius;
  return root;
}
