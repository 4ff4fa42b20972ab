// The shape of lists in Parquet, from the repetition levels of their entries (Melnik et al. 2010, "Dremel", section 4.1).

/** Follows repetition levels and holds all lists of a depth to one length. */
export class ListLengths {
  /** Lengths of the lists, outermost first, as the first row has them. */
  readonly lengths: number[] = [];
  row = -1;
  problem = '';
  private readonly depth: number;
  private readonly open: number[];

  constructor(depth: number) {
    this.depth = depth;
    this.open = new Array<number>(depth).fill(0);
  }

  /** The next entry, which begins a new item of the list at depth `repetition`; 0 begins a row. False where lengths differ. */
  add(repetition: number): boolean {
    if (repetition === 0) {
      const ended = this.row < 0 || this.close(0);
      if (!ended) return false;
      this.row++;
      this.open.fill(1);
      return true;
    }
    if (this.row < 0 || repetition > this.depth) {
      this.problem = 'the levels of the lists are damaged';
      return false;
    }
    if (!this.close(repetition)) return false;
    this.open[repetition - 1]!++;
    this.open.fill(1, repetition);
    return true;
  }

  /** After the last entry. */
  end(): boolean {
    return this.row < 0 || this.close(0);
  }

  /** The lists deeper than `depth` end. */
  private close(depth: number): boolean {
    for (let k = depth; k < this.depth; k++) {
      this.lengths[k] ??= this.open[k]!;
      if (this.open[k] === this.lengths[k]) continue;
      this.problem = `a list of ${this.open[k]}; expected ${this.lengths[k]} as in row 0: all points need one shape`;
      return false;
    }
    return true;
  }
}
