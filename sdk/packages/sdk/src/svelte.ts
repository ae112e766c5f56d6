import type { AveSession, AveSessionState } from "./session.js";

export type { AveSessionState, AveSessionStatus } from "./session.js";

/** A session as a Svelte store, for `$session.status`. Call `session.hydrate()` yourself, in the browser. */
export function aveSessionToStore(session: AveSession): { subscribe(run: (state: AveSessionState) => void): () => void } {
  return { subscribe: (run) => session.subscribe(run) };
}
