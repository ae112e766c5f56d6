"use client";
// A session in React, with Next.js or without.

import { createContext, createElement, Fragment, type ReactNode, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { type ConvexClientLike, wireAveSessionToConvex } from "./convex.js";
import { AveSession, type AveSessionOptions, type AveSessionSnapshot, type AveSessionStatus } from "./session.js";

/** What `useAveSession` gives. */
export interface AveSessionContextValue {
  session: AveSession;
  status: AveSessionStatus;
  snapshot: AveSessionSnapshot | null;
  /** True once the storage was read. Show nothing that depends on the session before. */
  isHydrated: boolean;
}

/** What `AveSessionProvider` takes. */
export interface AveSessionProviderProps {
  /** Keep it outside the component, or in `useMemo`: new options are a new session. */
  options: AveSessionOptions;
  children?: ReactNode;
}

/** What `AveConvexBridge` takes. */
export interface AveConvexProviderProps {
  client: ConvexClientLike;
  children?: ReactNode;
}

const Context = createContext<AveSessionContextValue | null>(null);

/** Holds one session for everything below. */
export function AveSessionProvider({ options, children }: AveSessionProviderProps) {
  const session = useMemo(() => new AveSession(options), [options]);
  useLife(session);
  const state = useSyncExternalStore(
    useMemo(() => (listener: () => void) => session.subscribe(listener), [session]),
    () => session.getState(),
    () => session.getState(),
  );
  const value = useMemo(() => ({ session, ...state, isHydrated: state.status !== "loading" }), [session, state]);
  return createElement(Context.Provider, { value }, children);
}

/** The session of the nearest `AveSessionProvider`. */
export function useAveSession(): AveSessionContextValue {
  const value = useContext(Context);
  if (!value) throw new Error("[Procura] useAveSession needs an AveSessionProvider above it.");
  return value;
}

/** Signs a Convex client in with the session. */
export function AveConvexBridge({ client, children }: AveConvexProviderProps) {
  const { session } = useAveSession();
  useEffect(() => {
    const dispose = wireAveSessionToConvex(client, session);
    return () => {
      if (typeof dispose === "function") (dispose as () => void)();
    };
  }, [client, session]);
  return createElement(Fragment, null, children);
}

/** Hydrates a session while it is shown. React's strict mode takes an effect back and runs it again at once, so the end waits a moment. */
function useLife(session: AveSession): void {
  const endings = useRef(new Map<AveSession, ReturnType<typeof setTimeout>>());
  useEffect(() => {
    const all = endings.current;
    clearTimeout(all.get(session));
    all.delete(session);
    void session.hydrate();
    return () => {
      const ending = setTimeout(() => {
        all.delete(session);
        session.destroy();
      }, 0);
      all.set(session, ending);
    };
  }, [session]);
}
