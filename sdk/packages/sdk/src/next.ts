"use client";

import { createContext, createElement, Fragment, useContext, useEffect, useMemo, useRef, useSyncExternalStore, type ReactElement, type ReactNode } from "react";
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
  const session = useMemo(() => new AveSession(options), [options]);
  const { status, snapshot } = useSyncExternalStore(
    useMemo(() => (listener: () => void) => session.subscribe(listener), [session]),
    () => session.getState(),
    () => ON_SERVER,
  );
  const leaving = useRef<{ session: AveSession; timer: ReturnType<typeof setTimeout> } | undefined>(undefined);

  useEffect(() => {
    // Strict mode takes effects down and up again with the same session, so the end waits for a moment.
    if (leaving.current?.session === session) clearTimeout(leaving.current.timer);
    void session.hydrate();
    return () => {
      leaving.current = { session, timer: setTimeout(() => session.destroy(), 0) };
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
