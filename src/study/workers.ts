// Worker threads for trials: one trial at a time in each; a thread that dies takes only its trial with it.
import { Worker } from 'node:worker_threads';
import { fromJson } from './json.ts';
import type { TrialParameters } from './plan.ts';
import type { TrialOutcome } from './result.ts';

/** What a worker is sent: a trial, and the directory for .onnx files. */
export interface TrialMessage {
  readonly parameters: TrialParameters;
  readonly models: string;
}

/** A thread that ended before it reported: killed, out of memory, or an error outside any trial. */
export class WorkerDied extends Error {}

export interface TrialWorker {
  /** Runs one trial; a trial that throws is a failed outcome. @throws WorkerDied, after which the worker is of no use. */
  run(message: TrialMessage): Promise<TrialOutcome>;
  stop(): Promise<void>;
}

/** The script that answers to `startWorker`; sources and build differ in the extension only. */
export const TRIAL_WORKER = new URL(`./worker${import.meta.url.slice(-3)}`, import.meta.url);

/** @param script a module that answers each `TrialMessage` with one message, the outcome as JSON text. */
export function startWorker(script: URL): TrialWorker {
  const thread = new Worker(script);
  let settle: { resolve: (outcome: TrialOutcome) => void; reject: (error: Error) => void } | undefined;
  let death: WorkerDied | undefined;
  const die = (reason: string, cause?: unknown) => {
    death ??= new WorkerDied(reason, { cause });
    settle?.reject(death);
    settle = undefined;
  };
  thread.on('message', (text: string) => {
    settle?.resolve(fromJson(text) as TrialOutcome);
    settle = undefined;
  });
  thread.on('error', (error) => die(error.message, error));
  thread.on('messageerror', (error) => die(error.message, error));
  thread.on('exit', (code) => die(`the worker thread ended with code ${code}`));
  return {
    run(message) {
      if (death) return Promise.reject(death);
      return new Promise((resolve, reject) => {
        settle = { resolve, reject };
        thread.postMessage(message);
      });
    },
    async stop() {
      await thread.terminate();
    },
  };
}
