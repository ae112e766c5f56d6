// What the tabs of one app tell each other about their common session, and the lock that lets one of them refresh.

/** What a tab says. */
export type TabMessage = { type: "session_updated" } | { type: "session_cleared" };

/** The other tabs. Without `BroadcastChannel` or locks, as in some workers, this tab is alone. */
export class Tabs {
  #channel: BroadcastChannel | undefined;
  #waiting = new AbortController();

  constructor(
    readonly channelName: string,
    readonly lockName: string,
  ) {}

  /** Begins to listen. */
  open(hear: (message: TabMessage) => void): void {
    if (this.#channel || typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(this.channelName);
    this.#channel.onmessage = ({ data }: MessageEvent<TabMessage>) => hear(data);
    // In Node an open channel would keep the process alive.
    (this.#channel as unknown as { unref?: () => void }).unref?.();
  }

  tell(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }

  /** Does the work while no other tab does. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
    if (!locks) return work();
    return locks.request(this.lockName, { signal: this.#waiting.signal }, work) as Promise<T>;
  }

  /** Listens no more, and waits for no lock. `open` begins anew. */
  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
    this.#waiting.abort();
    this.#waiting = new AbortController();
  }
}
