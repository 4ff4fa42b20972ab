// How far a piece of work is, on stderr: a bar on a terminal, a line now and then anywhere else.
import { SingleBar } from 'cli-progress';

/** So much of a whole, in words: `120 of 400 trials`. */
export interface Advance {
  readonly done: number;
  readonly total: number;
  readonly text: string;
}

export interface ProgressDisplay {
  update(advance: Advance): void;
  /** Leaves the last state standing. */
  stop(): void;
}

/** Milliseconds between lines where there is no terminal. */
const LINE_INTERVAL = 10_000;

/** A display that fits the stream; no animation unless it is a terminal that can move its cursor. */
export function progressDisplay(stream: NodeJS.WriteStream): ProgressDisplay {
  return stream.isTTY && process.env.TERM !== 'dumb' ? bar(stream) : lines(stream);
}

function bar(stream: NodeJS.WriteStream): ProgressDisplay {
  const single = new SingleBar({
    stream,
    format: '{bar} {text}, {eta_formatted} left',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    etaBuffer: 50,
  });
  let whole = 0;
  return {
    update({ done, total, text }) {
      // Another whole is another step, whose end says nothing about this one's.
      if (total !== whole) single.start(total, done, { text });
      else single.update(done, { text });
      whole = total;
    },
    stop() {
      single.stop();
    },
  };
}

function lines(stream: NodeJS.WriteStream): ProgressDisplay {
  let written = '';
  let last: Advance | undefined;
  let time = 0;
  let due: NodeJS.Timeout | undefined;
  const write = () => {
    clearTimeout(due);
    due = undefined;
    time = Date.now();
    if (last && last.text !== written) stream.write(`${last.text}\n`);
    written = last?.text ?? '';
  };
  return {
    update(advance) {
      last = advance;
      const wait = time + LINE_INTERVAL - Date.now();
      if (wait <= 0 || advance.done >= advance.total) write();
      // Without another update the last one is still what goes on.
      else due ??= setTimeout(write, wait).unref();
    },
    stop: write,
  };
}
