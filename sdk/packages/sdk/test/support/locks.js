// Web Locks, which Node 20 lacks: one holder at a time, in order, and a signal ends the wait.

export function makeLocks() {
  const tails = new Map();
  const names = [];
  return {
    names,
    request(name, { signal } = {}, work) {
      names.push(name);
      const before = tails.get(name) ?? Promise.resolve();
      const aborted = new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
      aborted.catch(() => {});
      const held = Promise.race([before, aborted]).then(work);
      tails.set(name, Promise.all([before, held.catch(() => {})]));
      return held;
    },
  };
}

/** Puts something in place of `navigator`, and gives the way back. */
export function withNavigator(value) {
  const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value, configurable: true });
  return () => (own ? Object.defineProperty(globalThis, "navigator", own) : delete globalThis.navigator);
}
