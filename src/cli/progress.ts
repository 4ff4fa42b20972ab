// How far a study is, on stderr: a bar on a terminal, a line now and then anywhere else.
import { SingleBar } from 'cli-progress';
import type { Progress } from '../study/index.ts';

export interface ProgressDisplay {
  update(progress: Progress): void;
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
    format: '{bar} {value}/{total} trials, {eta_formatted} left{note}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    etaBuffer: 50,
  });
  let started = false;
  return {
    update(progress) {
      const value = progress.done + progress.failed;
      const payload = { note: progress.failed > 0 ? `, ${progress.failed} failed` : '' };
      if (started) single.update(value, payload);
      else single.start(progress.total, value, payload);
      started = true;
    },
    stop() {
      single.stop();
    },
  };
}

function lines(stream: NodeJS.WriteStream): ProgressDisplay {
  let written = '';
  let last: Progress | undefined;
  let time = 0;
  const write = ({ done, failed, total }: Progress) => {
    const line = `${done + failed} of ${total} trials${failed > 0 ? `, ${failed} failed` : ''}\n`;
    if (line !== written) stream.write(line);
    written = line;
  };
  return {
    update(progress) {
      last = progress;
      const now = Date.now();
      if (now - time < LINE_INTERVAL && progress.done + progress.failed < progress.total) return;
      time = now;
      write(progress);
    },
    stop() {
      if (last) write(last);
    },
  };
}
