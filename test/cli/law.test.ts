import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { robustlaw } from './command.ts';

const law = async (...args: string[]) => {
  const { code, stdout, stderr } = await robustlaw(['law', ...args, '--json'], tmpdir());
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
};

describe('robustlaw law', () => {
  // The paper's own setting for its explicit constants: eps = 1, c = 1, W = 100, J = 1e6, delta = 0.01.
  it.each([
    [1e3, 1e3, 1e3, 31.6, 0.013],
    [6e4, 784, 2e5, 15.3, 0.006],
    [1.4e7, 2e5, 1e9, 52.9, 0.022],
    [1e6, 1e6, 1e6, 1000, 0.41],
  ])('evaluates the law at n = %d, d = %d, P = %d', async (n, d, p, scaling, theorem) => {
    const rows = await law('bound', '-n', String(n), '-d', String(d), '-p', String(p));
    expect(rows[0].value / scaling).toBeCloseTo(1, 2);
    expect(Math.abs(rows[1].value - theorem)).toBeLessThan(10 ** Math.floor(Math.log10(theorem)) / 2);
  });

  it('says that a bound with a failed hypothesis proves nothing', async () => {
    const { stdout } = await robustlaw(['law', 'bound', '-n', '1000', '-d', '1000', '-p', '1000'], tmpdir());
    expect(stdout).toMatch(/Theorem 3, explicit constants\s+nothing/);
    expect(stdout).toMatch(/FAILS\s+n epsilon\^2 >= 8\^4 k log\(8k\/delta\) \(1000 against 27380\)/);
  });

  it('inverts the scaling law: P = n d / L^2', async () => {
    const rows = await law('parameters', '-n', '60000', '-d', '15', '-L', '3');
    expect(rows[0].value).toBeCloseTo((60000 * 15) / 9, 6);
  });

  it('evaluates Theorem 2 as its formula', async () => {
    const { lipschitz, failure } = await law(
      ...['finite-class', '-n', '1e5', '-d', '1e4', '--log-size', '10', '-L', '7', '--delta', '0.1'],
    );
    const expected = 4 * Math.exp(-1e5 / 8 ** 3) + 2 * Math.exp(10 - 1e9 / (8 ** 4 * 49));
    expect(failure / expected).toBeCloseTo(1, 10);
    expect(lipschitz).toBeGreaterThan(7);
  });

  it('has both envelopes, with the printed orders of magnitude', async () => {
    const envelopes = await law('envelope');
    const talk = envelopes.find(
      (e: { dataset: string; source: string }) => e.dataset === 'ImageNet' && e.source === 'talk',
    );
    expect(talk.lines.map((line: { printed: string }) => line.printed)).toContain('10^10');
  });

  it.each([
    [['bound', '-n', '0', '-d', '3', '-p', '1'], 'expected a number > 0'],
    [['bound', '-n', '10', '-d', '3'], "required option '-p, --parameters <P>' not specified"],
    [['bound', '-n', '10', '-d', '3', '-p', '1', '--epsilon', '2'], 'expected a number in (0, 1]'],
    [['finite-class', '-n', '10', '-d', '3', '--log-size', '1', '--delta', '1'], '0 < delta < 1'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await robustlaw(['law', ...args], tmpdir());
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
