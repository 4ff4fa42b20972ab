// The embedded real data set: Optical Recognition of Handwritten Digits (Alpaydin and Kaynak 1998, doi 10.24432/C50P49, CC BY 4.0).
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createDataset, type Dataset } from './dataset.ts';
import { malformed, readBytes } from './readers/bytes.ts';
import { decodeCsv } from './readers/csv.ts';

const SHA256 = '46abec6b12486ad9e51943373abcf22bbea1b5a51a1619b361570d8893f1464a';
const SOURCE =
  'Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, ' +
  'doi 10.24432/C50P49, CC BY 4.0';

/**
 * 1,797 images of handwritten digits, shape `[1797, 8, 8]`, pixels k/16 in [0, 1], y the digit 0 to 9. Bundled: needs no network.
 *
 * @throws RobustlawError when the bundled file is missing (`not-found`) or not the original (`malformed-file`).
 */
export function opticalDigits(): Dataset {
  // The folder assets/ is beside src/ in the sources and beside dist/ in the package.
  const path = fileURLToPath(new URL('../../assets/optdigits.csv.gz', import.meta.url));
  const source = readBytes(path);
  const found = createHash('sha256').update(source.bytes).digest('hex');
  if (found !== SHA256)
    throw malformed(path, `has SHA-256 ${found}; expected ${SHA256}: install robustlaw again`);
  const { x, y } = decodeCsv(source, { header: false });
  return createDataset({
    name: 'optical digits',
    x: Float64Array.from(x, (value) => value / 16),
    shape: [y.length, 8, 8],
    y,
    outputs: 1,
    source: SOURCE,
    transformations: ['pixels divided by 16'],
  });
}
