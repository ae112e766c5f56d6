"use client";

import { createContext, createElement, Fragment, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactElement, type ReactNode } from "react";
import { wireAveSessionToConvex, type ConvexAuthClient } from "./convex.js";
import { localError } from "./error.js";
import { AveSession, type AveSessionOptions, type AveSessionSnapshot, type AveSessionState, type AveSessionStatus } from "./session.js";

/** What `useAveSession` gives. */
export interface AveSessionContextValue {
  session: AveSession;
  status: AveSessionStatus;
  snapshot: AveSessionSnapshot | null;
  /** `false` on the server and until the storage was read: show neither the one page nor the other. */
  isHydrated: boolean;
}

export interface AveSessionProviderProps {
  /** Must be the same object at each render: define it outside the component. */
  options: AveSessionOptions;
  children?: ReactNode;
}

export interface AveConvexProviderProps {
  client: ConvexAuthClient;
  children?: ReactNode;
}

const SessionContext = createContext<AveSessionContextValue | null>(null);
const ON_SERVER: AveSessionState = { status: "loading", snapshot: null };

/** Holds one session for all components below it. */
export function AveSessionProvider({ options, children }: AveSessionProviderProps): ReactElement {
  const [generation, setGeneration] = useState(0);
  const session = useMemo(() => new AveSession(options), [options, generation]);
  const { status, snapshot } = useSyncExternalStore(
    useMemo(() => (listener: () => void) => session.subscribe(listener), [session]),
    () => session.getState(),
    () => ON_SERVER,
  );
  const leaving = useRef<{ session: AveSession; timer: ReturnType<typeof setTimeout>; isOver: boolean } | undefined>(undefined);

  useEffect(() => {
    // Strict mode takes effects down and up again with the same session, so the end waits for a moment.
    const last = leaving.current?.session === session ? leaving.current : undefined;
    clearTimeout(last?.timer);
    // Hidden for longer and shown again: the session has ended, and the next one reads the storage.
    if (last?.isOver) return setGeneration((count) => count + 1);
    void session.hydrate();
    return () => {
      const end = (): void => {
        left.isOver = true;
        session.destroy();
      };
      const left = { session, timer: setTimeout(end, 0), isOver: false };
      leaving.current = left;
    };
  }, [session]);

  const value = useMemo(() => ({ session, status, snapshot, isHydrated: status !== "loading" }), [session, status, snapshot]);
  return createElement(SessionContext.Provider, { value }, children);
}

/** The session of the nearest `AveSessionProvider`. */
export function useAveSession(): AveSessionContextValue {
  const value = useContext(SessionContext);
  if (!value) throw localError("no_provider", "useAveSession needs an AveSessionProvider above it.");
  return value;
}

/** Signs the Convex client in and out with the session. */
export function AveConvexBridge({ client, children }: AveConvexProviderProps): ReactElement {
  const { session } = useAveSession();
  useEffect(() => wireAveSessionToConvex(client, session), [client, session]);
  return createElement(Fragment, null, children);
}
