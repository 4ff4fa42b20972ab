// Requirements on a model, like `robust-accuracy(linf, 0.1) >= 0.8`: read, and held against what an audit measured.
import { invalidArgument } from '../errors.ts';
import type { Measurement, Norm } from '../guarantee/index.ts';
import { listed, suggestion } from '../validation/index.ts';
import { short } from '../words/index.ts';
import { type AuditResult, type Requirement, type Robustness, WHOLE_SPACE } from './result.ts';
import { ratioInterval, referenceDimension } from './standing.ts';

/** A quantity of an audit. Radii are in the units of the data. */
export type Quantity =
  | { readonly name: 'accuracy' | 'parameter-ratio' | 'memorized-flips' }
  | {
      readonly name: 'lipschitz' | 'lipschitz-lower' | 'median-distance' | 'certified-median';
      readonly norm: Norm;
    }
  | {
      readonly name: 'robust-accuracy' | 'certified-accuracy';
      readonly norm: Norm;
      readonly radius: number;
    };

type Name = Quantity['name'];
export type Operator = '>=' | '>' | '<=' | '<';

export interface ParsedRequirement {
  readonly text: string;
  readonly quantity: Quantity;
  readonly operator: Operator;
  readonly value: number;
}

/** What a requirement is held against: an audit before its verdict. */
export type Audited = Omit<AuditResult, 'verdict' | 'requirements'>;

const ARGUMENTS: Readonly<Record<Name, readonly ('norm' | 'radius')[]>> = {
  accuracy: [],
  'robust-accuracy': ['norm', 'radius'],
  'certified-accuracy': ['norm', 'radius'],
  'median-distance': ['norm'],
  'certified-median': ['norm'],
  lipschitz: ['norm'],
  'lipschitz-lower': ['norm'],
  'parameter-ratio': [],
  'memorized-flips': [],
};
const NAMES = Object.keys(ARGUMENTS) as readonly Name[];
const NORMS = ['l1', 'l2', 'linf'] as const;
const FORM = /^\s*([\w-]+)\s*(?:\(([^()]*)\))?\s*(>=|<=|>|<)\s*([^\s<>=]+)\s*$/;

/**
 * Reads `name(arguments) operator number`:
 *
 *   accuracy                           share of rows that are right
 *   robust-accuracy(norm, radius)      share that is right and that no attack broke at the radius
 *   certified-accuracy(norm, radius)   share that is right and proven robust at the radius
 *   median-distance(norm)              median distance to the nearest adversarial example that was found
 *   certified-median(norm)             median radius that is proven
 *   lipschitz(norm)                    the global constant: <= asks it of the certified bound, >= of the witness
 *   lipschitz-lower(norm)              the witnessed lower bound itself
 *   parameter-ratio                    P / (n D), D the dimension of the law's sentence
 *   memorized-flips                    share of labels known to be wrong that the model reproduces
 *
 * with a norm of l1, l2, linf, an operator of >=, >, <=, <, and numbers as decimals or fractions like 8/255.
 *
 * @throws RobustlawError `invalid-argument` naming what is known.
 */
export function parseRequirement(text: string): ParsedRequirement {
  const match = FORM.exec(text);
  if (!match) {
    const expected = `a quantity, one of >=, >, <=, <, and a number, like "robust-accuracy(linf, 0.1) >= 0.8"; quantities are ${listed(NAMES)}`;
    throw invalidArgument('requirement', text, expected);
  }
  const [, name, list, operator, number] = match as unknown as [
    string,
    string,
    string | undefined,
    Operator,
    string,
  ];
  if (!isName(name)) {
    throw invalidArgument(
      `quantity in the requirement ${JSON.stringify(text)}`,
      name,
      `a quantity of an audit${suggestion(name, NAMES)}`,
    );
  }
  const given = list === undefined || list.trim() === '' ? [] : list.split(',').map((part) => part.trim());
  const wanted = ARGUMENTS[name];
  if (given.length !== wanted.length) {
    const usage = wanted.length === 0 ? name : `${name}(${wanted.join(', ')})`;
    throw invalidArgument(
      `arguments in the requirement ${JSON.stringify(text)}`,
      `(${given.join(', ')})`,
      usage,
    );
  }
  const value = numberOf(number, text);
  return { text: text.trim(), quantity: quantityOf(name, given, text), operator, value };
}

/**
 * Every norm and radius that a requirement speaks of, once each: an audit has to attack there, since "robust-accuracy >=" is
 * not met at a radius that was not attacked.
 */
export function requiredRadii(
  requirements: readonly ParsedRequirement[],
): readonly { readonly norm: Norm; readonly radius: number }[] {
  const found = new Map<string, { norm: Norm; radius: number }>();
  for (const { quantity } of requirements) {
    if ('radius' in quantity) {
      found.set(`${quantity.norm} ${quantity.radius}`, { norm: quantity.norm, radius: quantity.radius });
    }
  }
  return [...found.values()];
}

/**
 * Whether the audit shows the requirement to hold.
 *
 * A measured quantity lies in [low, high]; >= asks it of low, <= of high. What was not measured, or failed, is never met.
 * Where time cut a measurement short, the end that is against the model counts what was not tried against it: rows not
 * attacked, or that an attack failed on, count as broken unless they are proven robust. Robust accuracy at a radius that was
 * not attacked has only the proven rows below and the distances that attacks found above.
 */
export function checkRequirement(requirement: ParsedRequirement, result: Audited): Requirement {
  const { text, operator, value } = requirement;
  const range = measure(requirement.quantity, result);
  if ('missing' in range) return { text, measured: `not measured: ${range.missing}`, met: false };
  const end = operator.startsWith('>') ? range.low : range.high;
  const met =
    operator === '>='
      ? end >= value
      : operator === '>'
        ? end > value
        : operator === '<='
          ? end <= value
          : end < value;
  return { text, measured: inWords(range), met };
}

/** What is known of a quantity, and why it is no single number or how it came about. */
type Range =
  | { readonly low: number; readonly high: number; readonly how: string }
  | { readonly missing: string };

function inWords({ low, high, how }: Exclude<Range, { missing: string }>): string {
  const numbers =
    low === high
      ? short(low, 4)
      : high === Infinity
        ? `at least ${short(low, 4)}`
        : low === -Infinity
          ? `at most ${short(high, 4)}`
          : `between ${short(low, 4)} and ${short(high, 4)}`;
  return `${numbers} (${how})`;
}

function measure(quantity: Quantity, result: Audited): Range {
  switch (quantity.name) {
    case 'accuracy':
      return accuracy(result);
    case 'robust-accuracy':
      return inRobustness(result, quantity.norm, (robustness, why) =>
        robustAccuracy(robustness, quantity.radius, result.settings.rows.length, why),
      );
    case 'certified-accuracy':
      return inRobustness(result, quantity.norm, (robustness, why) =>
        certifiedAccuracy(robustness, quantity.radius, result.settings.rows.length, why),
      );
    case 'median-distance':
    case 'certified-median':
      return medians(quantity.name, quantity.norm, result);
    case 'lipschitz':
    case 'lipschitz-lower':
      return lipschitz(quantity.name, quantity.norm, result);
    case 'parameter-ratio':
      return inMeasurement(result.law, (law, why) => {
        const chosen = referenceDimension(law.dimensions);
        if (why !== undefined || !chosen) return { missing: why ?? 'the dimension of the data is not known' };
        const [low, high] = ratioInterval(law, chosen);
        return { low, high, how: `${law.parameterCount} parameters, ${law.n} points, ${chosen.name}` };
      });
    case 'memorized-flips':
      return inMeasurement(result.memorization, ({ flipped }, why) => {
        if (!flipped || flipped.rows === 0) return { missing: 'no labels are known to be wrong' };
        if (why !== undefined) return { missing: why };
        return exactly(flipped.memorized / flipped.rows, `${flipped.memorized} of ${flipped.rows} rows`);
      });
  }
}

function accuracy(result: Audited): Range {
  return inMeasurement(result.accuracy, ({ all }, why) => {
    if (why === undefined) {
      if (all.points === 0) return { missing: 'no rows' };
      return exactly(all.correct / all.points, `${all.correct} of ${all.points} rows`);
    }
    const rows = Math.max(all.points, result.data.points);
    if (rows === 0) return { missing: why };
    return {
      low: all.correct / rows,
      high: (all.correct + rows - all.points) / rows,
      how: `${all.correct} of ${all.points} rows, ${rows - all.points} not evaluated: ${why}`,
    };
  });
}

function robustAccuracy(
  robustness: Robustness,
  radius: number,
  asked: number,
  why: string | undefined,
): Range {
  const rows = Math.max(robustness.points.length, asked);
  if (rows === 0) return { missing: 'no rows' };
  const proven = provenAt(robustness, radius);
  const ensemble = robustness.ensembles.find((one) => sameRadius(one.radius, radius));
  if (!ensemble) {
    const left = robustness.points.filter(
      ({ correct, found }) => correct && !(found !== null && found.distance <= radius),
    ).length;
    return {
      low: proven / rows,
      high: (left + rows - robustness.points.length) / rows,
      how: `not attacked at this radius: ${proven} of ${rows} rows are proven, attacks at other radii leave ${left}`,
    };
  }
  const untried = Math.max(
    ensemble.notAttacked,
    ...ensemble.stages.map(({ status, notAttacked, robustAfter }) =>
      status === 'failed' ? robustAfter : notAttacked,
    ),
  );
  const low = Math.max(proven, ensemble.robust - untried);
  const failed = ensemble.stages.filter(({ status }) => status === 'failed').map(({ attack }) => attack);
  const remarks = [
    `${ensemble.robust} of ${rows} rows withstood the attacks`,
    ...(untried > 0
      ? [`${untried} of them were not attacked in full and count as broken unless proven`]
      : []),
    ...(failed.length > 0 ? [`${failed.join(', ')} failed`] : []),
    ...(robustness.points.length < asked
      ? [`${asked - robustness.points.length} rows were not reached`]
      : []),
    ...(why === undefined ? [] : [why]),
  ];
  return {
    low: low / rows,
    high: (ensemble.robust + rows - robustness.points.length) / rows,
    how: remarks.join('; '),
  };
}

function certifiedAccuracy(
  robustness: Robustness,
  radius: number,
  asked: number,
  why: string | undefined,
): Range {
  const rows = Math.max(robustness.points.length, asked);
  if (rows === 0) return { missing: 'no rows' };
  const proven = provenAt(robustness, radius);
  const how = `${proven} of ${rows} rows are proven`;
  if (why === undefined && robustness.points.length >= asked) return exactly(proven / rows, how);
  const unknown = rows - robustness.points.filter(({ correct }) => !correct).length;
  return { low: proven / rows, high: unknown / rows, how: `${how}; ${why ?? 'not all rows were reached'}` };
}

/** Rows that are right and proven so within the radius. */
function provenAt({ points, ensembles }: Robustness, radius: number): number {
  const byRow = points.filter(({ correct, certified }) => correct && certified.radius >= radius).length;
  return Math.max(byRow, ensembles.find((one) => sameRadius(one.radius, radius))?.certified ?? 0);
}

function medians(name: 'median-distance' | 'certified-median', norm: Norm, result: Audited): Range {
  return inRobustness(result, norm, (_, why) => {
    const stability = result.stability.find((one) => one.norm === norm);
    if (!stability) return { missing: why ?? 'no row is right, so that there is no distance' };
    const [certified, found] = stability.median;
    if (name === 'certified-median') {
      if (why === undefined) return exactly(certified, 'half of the rows are proven this far');
      return { low: certified, high: Infinity, how: `proven so far: ${why}` };
    }
    if (found === null) {
      const how = 'proven; for half of the rows no adversarial example was found, which proves nothing';
      return { low: certified, high: Infinity, how: why === undefined ? how : `${how}: ${why}` };
    }
    if (why !== undefined)
      return { low: certified, high: found, how: `proven and found, not all attacks ran: ${why}` };
    return exactly(found, `found by attacks; ${short(certified, 4)} is proven`);
  });
}

function lipschitz(name: 'lipschitz' | 'lipschitz-lower', norm: Norm, result: Audited): Range {
  return inMeasurement(result.lipschitz, (all, why) => {
    const own = all.find((one) => one.norm === norm && one.domain === WHOLE_SPACE);
    if (!own) return { missing: why ?? `no constant in ${norm} on ${WHOLE_SPACE}` };
    if (name === 'lipschitz-lower') {
      return own.lower ? exactly(own.lower.value, 'witnessed') : { missing: 'no lower bound was found' };
    }
    return {
      low: own.lower?.value ?? 0,
      high: own.upper?.value ?? Infinity,
      how: own.upper ? 'witnessed and certified' : 'witnessed; there is no certified upper bound',
    };
  });
}

function inRobustness(
  result: Audited,
  norm: Norm,
  read: (robustness: Robustness, why: string | undefined) => Range,
): Range {
  const entry = result.robustness.find((one) => one.norm === norm);
  if (!entry) return { missing: `robustness in ${norm} was not asked for` };
  return inMeasurement(entry.result, read);
}

/** `why` is what is missing from a partial measurement, undefined for one that is done. */
function inMeasurement<Value>(
  measurement: Measurement<Value>,
  read: (value: Value, why: string | undefined) => Range,
): Range {
  switch (measurement.status) {
    case 'done':
      return read(measurement.value, undefined);
    case 'partial':
      return read(measurement.value, measurement.reason);
    case 'failed':
      return { missing: `it failed: ${measurement.reason}` };
    case 'skipped':
      return { missing: measurement.reason };
  }
}

function exactly(value: number, how: string): Range {
  return { low: value, high: value, how };
}

/** Radii are equal but for the last digits, as 8/255 and 0.03137254901960784. */
function sameRadius(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(a, b);
}

function quantityOf(name: Name, given: readonly string[], text: string): Quantity {
  switch (name) {
    case 'accuracy':
    case 'parameter-ratio':
    case 'memorized-flips':
      return { name };
    case 'lipschitz':
    case 'lipschitz-lower':
    case 'median-distance':
    case 'certified-median':
      return { name, norm: normOf(given[0]!, text) };
    case 'robust-accuracy':
    case 'certified-accuracy': {
      const radius = numberOf(given[1]!, text);
      if (!(radius > 0))
        throw invalidArgument(`radius in the requirement ${JSON.stringify(text)}`, given[1], 'a number > 0');
      return { name, norm: normOf(given[0]!, text), radius };
    }
  }
}

function normOf(given: string, text: string): Norm {
  const norm = NORMS.find((one) => one === given);
  if (norm === undefined) {
    throw invalidArgument(
      `norm in the requirement ${JSON.stringify(text)}`,
      given,
      `one of l1, l2, linf${suggestion(given, NORMS)}`,
    );
  }
  return norm;
}

/** A decimal or a fraction of two decimals. */
function numberOf(given: string, text: string): number {
  const parts = given
    .split('/')
    .map((part) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(part.trim()) ? Number(part) : Number.NaN));
  const value = parts.length === 1 ? parts[0]! : parts.length === 2 ? parts[0]! / parts[1]! : Number.NaN;
  if (!Number.isFinite(value)) {
    throw invalidArgument(
      `number in the requirement ${JSON.stringify(text)}`,
      given,
      'a number like 0.8 or 8/255',
    );
  }
  return value;
}

function isName(name: string): name is Name {
  return (NAMES as readonly string[]).includes(name);
}
