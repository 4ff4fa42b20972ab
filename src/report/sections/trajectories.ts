// How the Lipschitz constant grew while the loss fell: one chart for each data set and family with trajectories.
import { upperEnd } from '../../guarantee/index.ts';
import type { StudyResult, TrialOutcome } from '../../study/index.ts';
import { NARROW_SCATTER, WIDE_SCATTER } from '../charts/scatter-chart.ts';
import { type TrajectoryGroup, trajectoryChart } from '../charts/trajectory-chart.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, counted, MISSING, significant } from '../number.ts';
import { details, numberCell, row, section, table } from './common.ts';

export type Done = Extract<TrialOutcome, { state: 'done' }>;

/** Nothing for a study without trajectories. */
export function trajectories(result: StudyResult): Html {
  const charts = withTrajectories(result);
  if (charts.length === 0) return NOTHING;
  return section(
    'trajectories',
    'While the loss fell',
    html`<p>Each line is one training, from left to right: the witnessed constant against the mean squared error that was left, with a bar up to the certified one. Below the noise level a network fits noise, and there the law holds.</p>
${charts.map(chart)}`,
  );
}

/** The trials that have trajectories, by data set and family. */
export function withTrajectories(result: StudyResult): readonly (readonly Done[])[] {
  const done = result.outcomes.filter(
    (outcome): outcome is Done => outcome.state === 'done' && outcome.result.trajectory !== undefined,
  );
  return [...Map.groupBy(done, ({ trial }) => JSON.stringify([trial.data, trial.family])).values()];
}

/** Trainings of one family on one data set, by size. */
export function trajectoryGroups(trials: readonly Done[]): readonly TrajectoryGroup[] {
  return Array.from(
    Map.groupBy(trials, ({ trial }) => trial.size),
    ([size, members]): TrajectoryGroup => ({
      name: size === undefined ? members[0]!.trial.family : `${members[0]!.trial.family} ${count(size)}`,
      trainings: members.map(({ result }) => result.trajectory!),
    }),
  );
}

function chart(trials: readonly Done[], index: number): Html {
  const { data, family } = trials[0]!.trial;
  const { noiseVariance } = trials[0]!.result;
  const groups = trajectoryGroups(trials);
  const id = `trajectory-${index + 1}`;
  const title = `${family} on ${data}`;
  const wide = trajectoryChart(title, groups, noiseVariance, WIDE_SCATTER, id);
  const narrow = trajectoryChart(title, groups, noiseVariance, NARROW_SCATTER, `${id}-narrow`);
  const figure =
    wide && narrow
      ? html`<figure><div class="wide">${wide}</div><div class="narrow">${narrow}</div>
<figcaption><strong>${data}</strong>: ${groups.map(({ name }, i) => html`${i > 0 ? '; ' : ''}<span style="color:var(--series-${String(i % 10)})">\u2501</span> ${name}`)}</figcaption></figure>\n`
      : NOTHING;
  return html`${figure}${details(`Every step of ${counted(trials.length, 'training')} as a table`, steps(title, trials), 'long')}`;
}

function steps(title: string, trials: readonly Done[]): Html {
  const rows = trials.flatMap(({ trial, result }) =>
    result.trajectory!.map(({ step, meanSquaredError, lower, upper }) =>
      row([
        numberCell(trial.size === undefined ? MISSING : count(trial.size)),
        numberCell(count(trial.seed)),
        numberCell(count(step)),
        numberCell(significant(meanSquaredError)),
        numberCell(significant(lower.value, 'down')),
        numberCell(upper.kind === 'exact' ? significant(upper.value) : significant(upperEnd(upper), 'up')),
      ]),
    ),
  );
  const columns = [
    { title: 'Size', numeric: true },
    { title: 'Seed', numeric: true },
    { title: 'Step', numeric: true },
    { title: 'Mean squared error', numeric: true },
    { title: 'Witnessed (\u2265)', numeric: true },
    { title: 'Certified (\u2264)', numeric: true },
  ];
  return table(`Trajectories of ${title}`, columns, rows);
}
