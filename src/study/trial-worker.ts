// The module of the worker threads: `run` of a trial, loaded through Node's cache of compiled code.
import { enableCompileCache } from 'node:module';

// Before the import below, which is most of what a thread does until its first trial. Without a place to write to it does nothing.
enableCompileCache();

export const { run } = await import('./trial-job.ts');
