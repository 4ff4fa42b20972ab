// Numbers as a reader meets them: three significant digits, narrow spaces between thousands, powers of ten.

/** Which way the last digit goes: a bound from above must not be rounded below itself, nor a witness above itself. */
export type Rounding = 'nearest' | 'up' | 'down';

/** Narrow no-break space, the separator of thousands. */
const SPACE = '\u202F';

/** What stands where there is no value. */
export const MISSING = '\u2014';

/**
 * `x` to so many significant digits, by default three: `0.00123`, `31.6`, `12 300`, and `2.40 × 10⁸` outside
 * [0.001, 10⁶). A value that is not finite reads `not finite`.
 */
export function significant(x: number, rounding: Rounding = 'nearest', figures = 3): string {
  if (!Number.isFinite(x)) return 'not finite';
  if (x === 0) return '0';
  const { digits, exponent } = roundedMagnitude(Math.abs(x), x > 0 ? rounding : OPPOSITE[rounding], figures);
  const sign = x < 0 ? '\u2212' : '';
  if (exponent < -3 || exponent > 5) {
    return `${sign}${digits[0]}.${digits.slice(1)}${SPACE}\u00D7${SPACE}${powerOfTen(exponent)}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (exponent < figures - 1) return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
  return `${sign}${grouped(digits.padEnd(exponent + 1, '0'))}`;
}

/** A count in full: `1 000 000`; beyond 10¹⁵ as `significant`. */
export function count(x: number): string {
  if (!Number.isInteger(x) || Math.abs(x) > 1e15) return significant(x);
  return `${x < 0 ? '\u2212' : ''}${grouped(String(Math.abs(x)))}`;
}

/** `x` with so many decimals, for numbers whose absolute size matters, such as exponents: `−0.560`, `0.004`. */
export function decimals(x: number, digits: number): string {
  if (!Number.isFinite(x)) return 'not finite';
  const text = Math.abs(x).toFixed(digits);
  return x < 0 && Number(text) !== 0 ? `\u2212${text}` : text;
}

/** A share in per cent, without a fraction where it has none: `95 %`. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${Number((100 * share).toPrecision(3))}${SPACE}%` : 'not finite';
}

/** `10⁸` */
export function powerOfTen(exponent: number): string {
  return `10${Array.from(String(exponent), (character) => SUPERSCRIPTS[character]!).join('')}`;
}

/** `1 trial`, `5 trials`. */
export function counted(x: number, singular: string, plural = `${singular}s`): string {
  return `${count(x)} ${x === 1 ? singular : plural}`;
}

const OPPOSITE: Readonly<Record<Rounding, Rounding>> = { nearest: 'nearest', up: 'down', down: 'up' };
const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  '-': '\u207B',
  '0': '\u2070',
  '1': '\u00B9',
  '2': '\u00B2',
  '3': '\u00B3',
  '4': '\u2074',
  '5': '\u2075',
  '6': '\u2076',
  '7': '\u2077',
  '8': '\u2078',
  '9': '\u2079',
};

/** Digits d1 d2 d3... and e with x about d1.d2d3... × 10^e. Decimal digits come from the runtime, so 'up' is >= x exactly. */
function roundedMagnitude(
  x: number,
  rounding: Rounding,
  figures: number,
): { digits: string; exponent: number } {
  const [mantissa, power] = x.toExponential(figures - 1).split('e') as [string, string];
  const rounded = Number(`${mantissa}e${power}`);
  const step = rounding === 'up' && rounded < x ? 1 : rounding === 'down' && rounded > x ? -1 : 0;
  const whole = Number(mantissa.replace('.', '')) + step;
  const exponent = Number(power);
  if (whole === 10 ** figures) return { digits: '1'.padEnd(figures, '0'), exponent: exponent + 1 };
  if (whole === 10 ** (figures - 1) - 1) return { digits: '9'.repeat(figures), exponent: exponent - 1 };
  return { digits: String(whole), exponent };
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, SPACE);
}
