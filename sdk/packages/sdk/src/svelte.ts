// A session as a Svelte store.

import type { AveSession, AveSessionState } from "./session.js";

export type { AveSessionState } from "./session.js";

/** A readable store whose value is the session's state. */
export function aveSessionToStore(session: Pick<AveSession, "subscribe">): {
  subscribe(run: (state: AveSessionState) => void): () => void;
} {
  return { subscribe: (run) => session.subscribe(run) };
}
