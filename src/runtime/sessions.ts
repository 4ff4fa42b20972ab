// Sessions shared by equal models: compiling costs more than most runs, and the same graph is compiled again and again.
// The state is one table per thread, because native sessions are a resource of the thread that made them.
import type { Session } from './onnxruntime.ts';
import { createSession } from './onnxruntime.ts';

/** Sessions that nobody uses are kept up to this number and this many bytes of models, least recently used out first. */
const IDLE_SESSIONS = 16;
const IDLE_BYTES = 256 * 2 ** 20;

/** The use of a session until `release()`, which may be called once. */
export interface Lease {
  readonly session: Session;
  release(): Promise<void>;
}

interface Entry {
  readonly session: Promise<Session>;
  readonly bytes: number;
  users: number;
}

/** In the order of last use. */
const entries = new Map<string, Entry>();

/** A session for the bytes of an ONNX model: an existing one, if the same bytes have been compiled before. */
export async function leaseSession(model: Uint8Array, threads: number): Promise<Lease> {
  const key = `${threads}:${await sha256(model)}`;
  const entry = entries.get(key) ?? { session: createSession(model, threads), bytes: model.length, users: 0 };
  entry.users += 1;
  touch(key, entry);
  let session: Session;
  try {
    session = await entry.session;
  } catch (error) {
    if (entries.get(key) === entry) entries.delete(key);
    throw error;
  }
  return {
    session,
    async release() {
      entry.users -= 1;
      touch(key, entry);
      await trim(IDLE_SESSIONS, IDLE_BYTES);
    },
  };
}

/** Gives the memory of all sessions back that no program uses. */
export async function disposeIdleSessions(): Promise<void> {
  await trim(0, 0);
}

/** How many sessions exist, and how many of them no program uses. */
export function sessionCounts(): { readonly total: number; readonly idle: number } {
  const idle = [...entries.values()].filter((entry) => entry.users === 0).length;
  return { total: entries.size, idle };
}

function touch(key: string, entry: Entry): void {
  entries.delete(key);
  entries.set(key, entry);
}

async function trim(sessions: number, bytes: number): Promise<void> {
  const idle = [...entries].filter(([, entry]) => entry.users === 0).reverse();
  let kept = 0;
  const surplus = idle.filter(([, entry], i) => {
    kept += entry.bytes;
    return i >= sessions || kept > bytes;
  });
  for (const [key] of surplus) entries.delete(key);
  await Promise.all(surplus.map(async ([, entry]) => (await entry.session).release()));
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
