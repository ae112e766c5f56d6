// Signs a Convex client in with the session's ID token.

import type { AveSession } from "./session.js";

/** What is needed of a Convex client. */
export interface ConvexClientLike<Disposer = unknown> {
  setAuth(fetchToken: (ask?: { forceRefreshToken?: boolean }) => Promise<string | null | undefined>): Disposer;
}

/**
 * Gives a Convex client the session's ID token whenever it asks. Convex takes the ID token alone: its audience is the client id.
 *
 * Returns what `setAuth` returns.
 */
export function wireAveSessionToConvex<Disposer>(
  client: ConvexClientLike<Disposer>,
  session: Pick<AveSession, "getValidIdToken">,
): Disposer {
  return client.setAuth(async () => {
    try {
      return (await session.getValidIdToken()) ?? undefined;
    } catch {
      // To Convex, no token is signed out; the session itself tells the app what went wrong.
      return undefined;
    }
  });
}
