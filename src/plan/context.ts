// What others have published about size and robustness, for context: capacity curves and ladders of one recipe at several sizes, never mixed.
import { requireInteger } from '../errors.ts';
import { madryParameterCount } from '../law/index.ts';
import { leastSquaresLine } from '../numeric/index.ts';

/** Accuracy against size for models that differ in size alone. */
export interface Ladder {
  readonly name: string;
  readonly data: string;
  /** What the accuracy withstands: `linf 8/255, AutoAttack`. */
  readonly threat: string;
  /** Training points, synthetic ones left out. */
  readonly n: number;
  readonly rungs: readonly {
    readonly model: string;
    readonly parameters: number;
    /** Robust test accuracy in per cent. */
    readonly accuracy: number;
  }[];
  /** Percentage points per factor of ten in P, within this ladder. */
  readonly pointsPerDecade: number;
  readonly source: string;
}

/** One published statement. */
export interface PublishedFact {
  readonly statement: string;
  readonly source: string;
}

const ROBUSTBENCH =
  'RobustBench (Croce et al. 2021), model_info of github.com/RobustBench/robustbench at 78fcc9e, March 2025, MIT licence; parameters of plain Wide ResNets computed';

/** Depth and width factor of Wide ResNets, with AutoAttack accuracy; only models trained alike stand in one ladder. */
const LADDERS = [
  [
    'Gowal et al. 2020',
    'CIFAR-10',
    'linf 8/255',
    [
      [34, 20, 56.86],
      [70, 16, 57.2],
    ],
  ],
  [
    'Gowal et al. 2020, extra data',
    'CIFAR-10',
    'linf 8/255',
    [
      [28, 10, 62.8],
      [70, 16, 65.88],
    ],
  ],
  [
    'Rebuffi et al. 2021, 1M synthetic images',
    'CIFAR-10',
    'linf 8/255',
    [
      [28, 10, 60.75],
      [70, 16, 64.25],
      [106, 16, 64.64],
    ],
  ],
  [
    'Gowal et al. 2021, 100M synthetic images',
    'CIFAR-10',
    'linf 8/255',
    [
      [28, 10, 63.44],
      [70, 16, 66.11],
    ],
  ],
  [
    'Bartoldson et al. 2024, 300M synthetic images',
    'CIFAR-10',
    'linf 8/255',
    [
      [82, 8, 71.59],
      [94, 16, 73.71],
    ],
  ],
  [
    'Rebuffi et al. 2021, 1M synthetic images',
    'CIFAR-10',
    'l2 0.5',
    [
      [28, 10, 78.8],
      [70, 16, 80.42],
    ],
  ],
  [
    'Wang et al. 2023, 50M synthetic images',
    'CIFAR-10',
    'l2 0.5',
    [
      [28, 10, 83.68],
      [70, 16, 84.97],
    ],
  ],
  [
    'Rebuffi et al. 2021, 1M synthetic images',
    'CIFAR-100',
    'linf 8/255',
    [
      [28, 10, 32.06],
      [70, 16, 34.64],
    ],
  ],
  [
    'Wang et al. 2023, 50M synthetic images',
    'CIFAR-100',
    'linf 8/255',
    [
      [28, 10, 38.83],
      [70, 16, 42.67],
    ],
  ],
] as const;

const CIFAR_TRAINING = 50_000;
const CLASSES = { 'CIFAR-10': 10, 'CIFAR-100': 100 } as const;

/** Ladders of RobustBench: same authors, same recipe, same data, two sizes or more. */
export function robustBenchLadders(): readonly Ladder[] {
  return LADDERS.map(([name, data, threat, rungs]) => {
    const measured = rungs.map(([depth, width, accuracy]) => ({
      model: `WRN-${depth}-${width}`,
      parameters: wideResNetParameterCount(depth, width, CLASSES[data]),
      accuracy,
    }));
    return {
      name,
      data,
      threat: `${threat}, AutoAttack`,
      n: CIFAR_TRAINING,
      rungs: measured,
      pointsPerDecade: leastSquaresLine(
        measured.map(({ parameters }) => Math.log10(parameters)),
        measured.map(({ accuracy }) => accuracy),
        0.95,
      ).slope,
      source: ROBUSTBENCH,
    };
  });
}

/**
 * P of a plain Wide ResNet of `depth` 6 m + 4 and width factor k on three channels (Zagoruyko and Komodakis 2016): convolutions
 * 3x3 without bias, batch normalisation with two parameters per channel, 1x1 convolutions where widths change, a linear layer.
 */
export function wideResNetParameterCount(depth: number, k: number, classes: number): number {
  requireInteger('(depth - 4) / 6', (depth - 4) / 6);
  requireInteger('width factor', k);
  requireInteger('classes', classes);
  const blocks = (depth - 4) / 6;
  let [total, channels] = [3 * 16 * 9, 16];
  for (const out of [16 * k, 32 * k, 64 * k]) {
    for (let block = 0; block < blocks; block++) {
      const shortcut = channels === out ? 0 : channels * out;
      total += 2 * channels + 9 * channels * out + 2 * out + 9 * out * out + shortcut;
      channels = out;
    }
  }
  return total + 2 * channels + (channels + 1) * classes;
}

/** Capacity on MNIST, training data of 60,000 points; accuracies as they are stated, not read off the figure. */
export function madryCapacity(): readonly (PublishedFact & {
  readonly scale: number;
  readonly parameters: number;
})[] {
  const source =
    'Madry et al. 2018 (arXiv 1706.06083), figure 4, as read by Bubeck and Sellke (arXiv 2105.12806), section 1.1';
  return [
    {
      scale: 4,
      parameters: madryParameterCount(4),
      statement: 'robust accuracy goes from about 10 % to about 90 % at linf radius 0.3',
      source,
    },
    {
      scale: 16,
      parameters: madryParameterCount(16),
      statement: 'roughly 95 % under the attack of the paper',
      source,
    },
    {
      scale: 16,
      parameters: madryParameterCount(16),
      statement: '88.0 % under the best attack known in 2021',
      source: 'leaderboard of github.com/MadryLab/mnist_challenge',
    },
  ];
}

/** Bartoldson et al. 2024: adversarial loss against parameters, data and their quality, on CIFAR-10 at linf 8/255. */
export function bartoldsonFacts(): readonly PublishedFact[] {
  const source =
    'Bartoldson et al. 2024 (arXiv 2404.09349), fits in github.com/bbartoldson/Adversarial-Robustness-Limits';
  return [
    {
      statement:
        "adversarial loss E' + 6.687 / N^0.244 + B' / D^0.228 for N parameters and D training images: both must grow, about in proportion",
      source,
    },
    {
      statement: 'robust accuracy on CIFAR-10 grows slowly and levels off at about 90 %, where people are',
      source,
    },
  ];
}
