// A reason to distrust a measured robustness, with a stable name, what it means and what to do about it.

/** `critical`: the measured robustness says nothing; `warning`: it may say too much; `info`: good to know. */
export interface Finding {
  /** Stable, like `zero-gradients`. */
  readonly id: string;
  readonly severity: 'critical' | 'warning' | 'info';
  readonly title: string;
  /** What it means, and what to do. */
  readonly explanation: string;
  readonly evidence: Readonly<Record<string, number | string>>;
}
