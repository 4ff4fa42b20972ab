// The back-of-envelope estimates of the law for MNIST and ImageNet, line by line, in the rounding of the talk and in that of the paper (arXiv 2105.12806, section 1.1).

/** One line of the estimate. */
export interface EnvelopeLine {
  readonly quantity: string;
  /** How it follows from the lines before, or where it was read off. */
  readonly formula: string;
  /** From unrounded inputs; a pair where the source gives a range. */
  readonly value: number | readonly [low: number, high: number];
  /** As the source rounds it. */
  readonly rounded: number | readonly [low: number, high: number];
  /** As the source prints it; null where it leaves the step to the reader. */
  readonly printed: string | null;
}

/** An estimate for one data set by one source. */
export interface Envelope {
  readonly dataset: 'MNIST' | 'ImageNet';
  readonly source: 'talk' | 'paper';
  readonly lines: readonly EnvelopeLine[];
}

/** 28^2 pixels; the paper counts 1.4 10^7 images of about 2 10^5 numbers for ImageNet. */
const MNIST_N = 60_000;
const MNIST_D = 28 ** 2;
const IMAGENET_N = 1.4e7;
const IMAGENET_D = 2e5;

/**
 * The talk: n ~ 10^5 and d ~ 10^3 for MNIST, robust at P = 10^6, hence an effective dimension P/n = 10 =
 * d/100; the same proportion for ImageNet gives P = n d / 100 = 10^10. Estimate, for illustration.
 */
export function talkEnvelope(): readonly Envelope[] {
  const P = 1e6;
  const effective = P / MNIST_N;
  return [
    {
      dataset: 'MNIST',
      source: 'talk',
      lines: [
        line('n', 'training images', MNIST_N, 1e5, '10^5'),
        line('d', '28^2', MNIST_D, 1e3, '10^3'),
        line('P', 'good robust accuracy in Madry et al., figure 4', P, P, '10^6'),
        line('d_eff', 'P / n', effective, P / 1e5, '10^1'),
        line('d_eff / d', '(P / n) / d', effective / MNIST_D, P / 1e5 / 1e3, '1/100'),
      ],
    },
    {
      dataset: 'ImageNet',
      source: 'talk',
      lines: [
        line('n', 'images', IMAGENET_N, 1e7, '10^7'),
        line('d', 'numbers per image', IMAGENET_D, 1e5, '10^5'),
        line('d_eff / d', 'as for MNIST', effective / MNIST_D, 1 / 100, '1/100'),
        line(
          'P',
          'n d (d_eff / d)',
          IMAGENET_N * IMAGENET_D * (effective / MNIST_D),
          (1e7 * 1e5) / 100,
          '10^10',
        ),
        line(
          'P if ImageNet is the more complicated',
          '10 n d (d_eff / d)',
          (10 * IMAGENET_N * IMAGENET_D * effective) / MNIST_D,
          (1e7 * 1e5) / 10,
          '10^11',
        ),
        line('P today', 'typical current models', 1e9, 1e9, '10^9'),
      ],
    },
  ];
}

/**
 * The paper: the sharp transition of Madry et al. lies between the networks of capacity 4 and 16, so n d_eff
 * is taken between 10^6 and 10^7, an effective dimension between 15 and 150; for ImageNet a couple of orders
 * of magnitude below n d gives 10^10 to 10^11 parameters. Estimate, "highly speculative" in the authors'
 * words.
 */
export function paperEnvelope(): readonly Envelope[] {
  const needed = [1e6, 1e7] as const;
  const nd = IMAGENET_N * IMAGENET_D;
  return [
    {
      dataset: 'MNIST',
      source: 'paper',
      lines: [
        line('n', 'training images', MNIST_N, 6e4, '6x10^4'),
        line('d', '28^2', MNIST_D, 784, '784'),
        line('n d', 'n times d', MNIST_N * MNIST_D, 6e4 * 784, null),
        line('P at the transition', 'Madry et al., capacity scale 4', 206_954, 2e5, '2x10^5'),
        line('P at 95 % robust accuracy', 'Madry et al., capacity scale 16', 3_274_634, 3e6, '3x10^6'),
        line('n d_eff', 'taken somewhere in', needed, needed, '10^6 - 10^7'),
        line('d_eff', 'n d_eff / n', [needed[0] / MNIST_N, needed[1] / MNIST_N], [15, 150], '15 - 150'),
        line('P by counting equations', 'n', MNIST_N, 1e4, '10^4'),
      ],
    },
    {
      dataset: 'ImageNet',
      source: 'paper',
      lines: [
        line('n', 'images', IMAGENET_N, 1.4e7, '1.4x10^7'),
        line('d', 'numbers per image', IMAGENET_D, 2e5, '2x10^5'),
        line('n d', 'n times d', nd, nd, null),
        line(
          'P',
          'n d / 100: d_eff a couple of orders of magnitude below d',
          nd / 100,
          [1e10, 1e11],
          '10^10 - 10^11',
        ),
        line('P today', 'robustly trained networks', [1e8, 1e9], [1e8, 1e9], '10^8 - 10^9'),
      ],
    },
  ];
}

function line(
  quantity: string,
  formula: string,
  value: EnvelopeLine['value'],
  rounded: EnvelopeLine['rounded'],
  printed: string | null,
): EnvelopeLine {
  return { quantity, formula, value, rounded, printed };
}
