// The pilot: transition curves, the growth of the take-off with its extrapolation and backtest, and the runs behind them.
import type { Pilot, PlanResult } from '../../plan/index.ts';
import { growthChart } from '../charts/growth-chart.ts';
import { NARROW_CURVE, WIDE_CURVE } from '../charts/robust-accuracy-chart.ts';
import { transitionChart } from '../charts/transition-chart.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, counted, decimals, MISSING, percent, significant } from '../number.ts';
import { details, numberCell, row, section, table, textCell } from '../sections/common.ts';
import { NORMS } from '../words.ts';
import { about, rangeText } from './words.ts';

export function pilot({ pilot: found }: PlanResult): Html {
  const content =
    'value' in found
      ? html`${found.status === 'partial' ? html`<p class="absent">Incomplete: ${found.reason}.</p>\n` : NOTHING}${measured(found.value)}`
      : html`<p class="absent">${found.status === 'failed' ? 'Failed' : 'Not run'}: ${found.reason}.</p>\n`;
  return section('pilot', 'The pilot: a prediction that can be wrong', content);
}

function measured(value: Pilot): Html {
  const { curves, takeOffs, threshold, norm, radius, seeds, runs, growth, prediction, backtest } = value;
  if (runs.length === 0) return html`<p class="absent">No run was finished.</p>\n`;
  const drawn = curves.map((curve) => ({
    ...curve,
    takeOff: takeOffs.find(({ n }) => n === curve.n)?.parameters ?? null,
  }));
  const transition = 'Robust training accuracy against parameters';
  const growing = 'Parameters at the take-off against the number of points';
  const chart = { found: takeOffs, law: growth, foretold: prediction, backtest };
  return html`<p>${value.family}, trained on nested subsamples against changes of ${NORMS[norm]} size ${significant(radius)}, then attacked harder (${value.attacks.join(', ')}). ${counted(runs.length, 'run')}, ${counted(seeds, 'seed')} at each size and width. The take-off P* is where robust training accuracy reaches ${percent(threshold)}.</p>
<figure><div class="wide">${transitionChart(drawn, threshold, WIDE_CURVE, 'transition', transition)}</div><div class="narrow">${transitionChart(drawn, threshold, NARROW_CURVE, 'transition-narrow', transition)}</div>
<figcaption>A dot for each run, lines: monotone fits over all seeds; the dashed line is the threshold. Attacks bound robust accuracy from above.</figcaption></figure>
<figure><div class="wide">${growthChart(chart, WIDE_CURVE, 'growth', growing)}</div><div class="narrow">${growthChart(chart, NARROW_CURVE, 'growth-narrow', growing)}</div>
<figcaption>Dots: found, with 95 % intervals over the seeds; dashed: the fitted power law; diamond: foretold for all points, with its prediction interval; open circle: what the smaller sizes alone foretold for the largest.</figcaption></figure>
${sizes(value)}${growthText(value)}${backtestText(value)}${notes(value)}${runTable(value)}`;
}

function sizes({ takeOffs, prediction }: Pilot): Html {
  const rows = takeOffs.map(({ n, parameters, interval, above, below }) =>
    row([
      numberCell(count(n)),
      numberCell(
        parameters !== null
          ? about(parameters)
          : above !== null
            ? `> ${about(above)}`
            : `\u2264 ${about(below!)}`,
      ),
      numberCell(interval ? rangeText(interval) : MISSING),
      numberCell(parameters === null ? MISSING : significant(parameters / n, 'nearest', 2)),
      textCell('found'),
    ]),
  );
  const foretold = prediction
    ? [
        row([
          numberCell(count(prediction.n)),
          numberCell(`\u2248 ${about(prediction.value)}`),
          numberCell(rangeText(prediction.interval)),
          numberCell(significant(prediction.value / prediction.n, 'nearest', 2)),
          textCell('extrapolated'),
        ]),
      ]
    : [];
  const columns = [
    { title: 'n', numeric: true },
    { title: 'P*', numeric: true },
    { title: '95 % interval', numeric: true },
    { title: 'P* / n', numeric: true },
    { title: '' },
  ];
  return table('The take-off', columns, [...rows, ...foretold]);
}

function growthText({ growth }: Pilot): Html {
  if (!growth)
    return html`<p class="absent">No fit: fewer than two sizes at which every seed crosses the threshold.</p>\n`;
  const {
    exponent,
    exponentInterval,
    prefactor,
    sizes: fitted,
    observations,
    residualDeviation,
    confidence,
  } = growth;
  return html`<p>P* = ${significant(prefactor)} n<sup>${decimals(exponent, 2)}</sup>, fitted to ${counted(observations, 'crossing')} at n = ${fitted.map((n) => count(n)).join(', ')}; exponent ${percent(confidence)} interval ${decimals(exponentInterval[0], 2)} to ${decimals(exponentInterval[1], 2)} (the law has 1 at fixed dimension and radius). Seeds scatter by a factor ${decimals(Math.exp(residualDeviation), 2)} around it. The intervals take deviations of log P* as independent and normal; subsamples of one seed share points.</p>
`;
}

function backtestText({ backtest }: Pilot): Html {
  if (!backtest)
    return html`<p class="absent">No backtest: it takes two smaller sizes that cross, and a largest one.</p>\n`;
  const { n, from, predicted, interval, observed, above, ratio, held } = backtest;
  const outcome =
    observed === null
      ? `no network tried reached the threshold, so that it is more than ${about(above!)}`
      : `${about(observed)} were found: predicted over observed is ${decimals(ratio!, 2)}`;
  return html`<p><strong>Backtest.</strong> From n = ${from.map((size) => count(size)).join(', ')} alone, ${about(predicted)} (${rangeText(interval)}) parameters are foretold for n = ${count(n)}; ${outcome}. The interval ${held ? 'held' : 'did not hold'}.</p>
`;
}

function notes({ notes: all }: Pilot): Html {
  return all.length === 0
    ? NOTHING
    : html`<ul class="further">${all.map((note) => html`<li>${note}</li>\n`)}</ul>\n`;
}

function runTable({ runs, training }: Pilot): Html {
  const rows = runs.map((run) =>
    row([
      numberCell(count(run.n)),
      numberCell(count(run.width)),
      numberCell(count(run.parameters)),
      numberCell(count(run.seed)),
      numberCell(percent(run.correct / run.n)),
      numberCell(percent(run.trained / run.n)),
      numberCell(percent(run.robust / run.n)),
      numberCell(count(run.updates)),
      textCell(run.ended),
    ]),
  );
  const columns = [
    'n',
    'Neurons',
    'P',
    'Seed',
    'Right',
    'Under the training attack',
    'Under stronger attacks',
    'Updates',
  ].map((title) => ({ title, numeric: true }));
  return details(
    'Every run',
    html`<p>${training}.</p>
${table('Runs of the pilot', [...columns, { title: 'Ended' }], rows)}`,
    'long',
  );
}
