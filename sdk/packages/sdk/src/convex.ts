import type { AveSession } from "./session.js";

/** The part of a Convex client that is used here. */
export interface ConvexAuthClient {
  setAuth(fetchToken: (args: { forceRefreshToken: boolean }) => Promise<string | undefined>): unknown;
  clearAuth?(): void;
}

/**
 * Gives a Convex client the ID token, whenever it needs one. In Convex, `domain` is the issuer and `applicationID` the
 * client id. Returns the function that ends it.
 */
export function wireAveSessionToConvex(client: ConvexAuthClient, session: AveSession): () => void {
  let isOver = false;
  let isWithoutToken = false;
  let undo: unknown;

  const fetchToken = async (): Promise<string | undefined> => {
    // Convex takes an error for a defect of the app. Without a token it is signed out, as it should be.
    const token = isOver ? null : await session.getValidIdToken().catch(() => null);
    isWithoutToken = !token;
    return token ?? undefined;
  };
  const undoLast = (): void => {
    if (typeof undo === "function") undo();
    undo = undefined;
  };
  const arm = (): void => {
    undoLast();
    isWithoutToken = false;
    undo = client.setAuth(fetchToken);
  };

  arm();
  let wasSignedIn = session.getState().status === "signedIn";
  const unsubscribe = session.subscribe(({ status }) => {
    const isSignedIn = status === "signedIn";
    // A client that once got no token does not ask again by itself, and one that has a token keeps it to its end.
    const mustAsk = isSignedIn ? isWithoutToken : wasSignedIn;
    wasSignedIn = isSignedIn;
    if (mustAsk) arm();
  });
  return () => {
    if (isOver) return;
    isOver = true;
    unsubscribe();
    undoLast();
    client.clearAuth?.();
  };
}
