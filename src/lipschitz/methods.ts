// The methods that bound a Lipschitz constant, in the order in which they are asked: cheap certificates first, so that
// what follows knows when it is done.
import { RobustlawError } from '../errors.ts';
import type { Answer, CertifiedUpperBound, Domain, Norm } from '../guarantee/index.ts';
import { nextDown, nextUp } from '../numeric/index.ts';
import { compositionBound } from './composition/composition-bound.ts';
import { exactLipschitz } from './exact/exact.ts';
import { jacobianBound } from './local/interval-jacobian.ts';
import { localBound, localLipschitz } from './local/local.ts';
import { slopesOnDomain } from './local/ranges.ts';
import { type Network, neuronCount } from './network/network.ts';
import { diagonalClosedForms, eclipseFast } from './semidefinite/closed-forms.ts';
import { LIPSDP, lipsdp, type SemidefiniteBound } from './semidefinite/lipsdp.ts';
import type { Task } from './task.ts';
import { asTwoLayer } from './two-layer/two-layer.ts';
import { twoLayerBoundOf } from './two-layer/two-layer-bound.ts';
import { steepestDataPair } from './witness/data-pairs.ts';
import { recheck } from './witness/pairs.ts';
import { project, regionOf } from './witness/region.ts';
import { witnessedLowerBound } from './witness/search.ts';

export interface Method {
  readonly name: string;
  readonly norms: readonly Norm[];
  readonly domains: readonly Domain['kind'][];
  /**
   * @param ceiling the least certificate so far.
   * @throws unsupported-op with the reason where the model is not of its kind.
   */
  readonly run: (task: Task, ceiling: number) => Promise<Answer['guarantees']> | Answer['guarantees'];
}

const ALL: readonly Norm[] = ['l1', 'l2', 'linf'];
const BOUNDED = ['box', 'ball'] as const;
const ANYWHERE = ['global', ...BOUNDED] as const;

/** Neurons up to which cells are enumerated: beyond, the search does not come near its end. */
const MOST_NEURONS = 128;
const MOST_PARAMETERS = 2 ** 22;

/** Multiply-adds a second of src/linalg, roughly: for deciding what to begin. */
const SPEED = 1e9;

export const METHODS: readonly Method[] = [
  {
    name: 'composition of norms',
    norms: ALL,
    domains: ANYWHERE,
    run: ({ graph, norm, within }) => [compositionBound(graph, norm, within(0.5))],
  },
  {
    name: 'ECLipsE-Fast',
    norms: ['l2'],
    domains: ['global'],
    run: (task) => [eclipseFast(affordable(task, 6))],
  },
  {
    name: 'diagonal closed forms',
    norms: ['l2'],
    domains: ['global'],
    run: (task) => [diagonalClosedForms(affordable(task, 18))],
  },
  {
    name: LIPSDP.layer,
    norms: ['l2'],
    domains: ['global'],
    run: (task) => [claim(lipsdp(affordable(task, 18), 'layer', task.within(0.1)))],
  },
  {
    name: LIPSDP.neuron,
    norms: ['l2'],
    domains: ['global'],
    run: (task) => [claim(lipsdp(affordable(task, 18), 'neuron', task.within(0.5)))],
  },
  {
    name: 'semidefinite relaxation over activation patterns',
    norms: ['l2'],
    domains: ['global'],
    run: ({ network }) => {
      const twoLayer = asTwoLayer(network());
      if (!twoLayer) throw unsupported('takes one hidden layer and one output');
      return [twoLayerBoundOf(twoLayer)];
    },
  },
  {
    name: 'interval Jacobian',
    norms: ALL,
    domains: BOUNDED,
    run: ({ graph, norm, domain, within }) => [
      { ...jacobianBound(graph, boxAround(domain), norm, within(0.2)), domain },
    ],
  },
  {
    name: 'local bound',
    norms: ALL,
    domains: BOUNDED,
    run: ({ network, norm, domain, within }) => [localBound(network(), domain, norm, within(0.2))],
  },
  {
    name: `${LIPSDP.neuron} with local slopes`,
    norms: ['l2'],
    domains: BOUNDED,
    run: (task) => {
      const { domain, within } = task;
      const network = affordable(task, 18);
      const slopes = slopesOnDomain(network, domain);
      const bound = claim(lipsdp(network, 'neuron', within(0.3), { slopes, domain }));
      return [{ ...bound, method: `${bound.method} with local slopes` }];
    },
  },
  {
    name: 'gradient-norm ascent',
    norms: ALL,
    domains: ANYWHERE,
    run: async ({ model, starts, rng, norm, domain, within }, ceiling) => [
      await witnessedLowerBound(model, starts, rng, norm, domain, ceiling, within(0.3)),
    ],
  },
  {
    name: 'steepest pair of the data',
    norms: ALL,
    domains: ANYWHERE,
    run: async ({ model, starts, rng, norm, domain }) => {
      if (starts.length === 0) throw unsupported('needs data');
      const pair = await steepestDataPair(model, starts, rng, norm, domain);
      if (!pair) throw unsupported('needs two different points of data in the domain');
      return [pair];
    },
  },
  {
    name: 'branch and bound over activation patterns',
    norms: ALL,
    domains: ANYWHERE,
    run: cells,
  },
  {
    name: 'local branch and bound',
    norms: ALL,
    domains: BOUNDED,
    run: ({ network, norm, domain, within }) => [localLipschitz(network(), domain, norm, within(0.3))],
  },
];

/** On a linf ball, which is a box but for rounding, the pair is brought inside and checked again. */
async function cells({
  model,
  graph,
  network,
  norm,
  domain,
  rng,
  within,
}: Task): Promise<Answer['guarantees']> {
  // Networks so large have more neurons, and reading one takes a minute.
  if (model.parameterCount > MOST_PARAMETERS) throw unsupported(`takes up to ${MOST_NEURONS} neurons`);
  const neurons = neuronCount(network());
  if (neurons > MOST_NEURONS)
    throw unsupported(`takes up to ${MOST_NEURONS} neurons; this network has ${neurons}`);
  if (domain.kind === 'ball' && domain.norm !== 'linf')
    throw unsupported('takes the whole space, boxes and linf balls');
  const box = domain.kind === 'ball' ? boxAround(domain) : domain;
  const { lower, upper } = await exactLipschitz(network(), norm, box, rng, within(0.4));
  if (box === domain) return upper.kind === 'exact' ? [{ ...upper, domain }, lower] : [upper, lower];
  const { witness, method } = lower;
  if (witness.kind !== 'pair') return [upper];
  const ball = regionOf(domain, witness.a.length);
  const inside = { kind: 'pair', a: project(ball, witness.a), b: project(ball, witness.b) } as const;
  return [
    { ...upper, kind: 'upper', value: upper.kind === 'exact' ? upper.enclosure[1] : upper.value, domain },
    { ...recheck(inside, graph, norm, domain), method },
  ];
}

/** The domain itself, or the least box of float64 numbers around a ball. */
function boxAround(domain: Domain): Extract<Domain, { kind: 'box' }> {
  if (domain.kind === 'box') return domain;
  if (domain.kind !== 'ball') throw unsupported('takes boxes and balls');
  const { centre, radius } = domain;
  return {
    kind: 'box',
    lower: centre.map((c) => nextDown(c - radius)),
    upper: centre.map((c) => nextUp(c + radius)),
  };
}

/** The network, unless `factor` n^2 m multiply-adds for each n x m layer take longer than there is time. */
function affordable({ network, remaining }: Task, factor: number): Network {
  const { blocks } = network();
  const sizes = blocks.flatMap(({ preactivation: { terms } }) =>
    [...terms.values()].map(({ rows, columns }) => rows * rows * Math.max(rows, columns)),
  );
  const seconds = (factor * sizes.reduce((sum, size) => sum + size, 0)) / SPEED;
  if (seconds > Math.max(1, remaining()))
    throw unsupported(`would take about ${Math.ceil(seconds)} s on this network; raise the time limit`);
  return network();
}

/** The certificate without the multipliers that led to it. */
function claim({ multipliers: _, ...certificate }: SemidefiniteBound): CertifiedUpperBound {
  return certificate;
}

function unsupported(why: string): RobustlawError {
  return new RobustlawError('unsupported-op', why);
}
