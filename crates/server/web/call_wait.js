// A call that was allowed is being made: looks again until that is over.

const PAUSE_MS = 1000;

setTimeout(() => location.reload(), PAUSE_MS);

export {};
