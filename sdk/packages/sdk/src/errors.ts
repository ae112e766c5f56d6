// What every function of this package throws.

/**
 * A refusal, from the server or from this package.
 *
 * `message` is the code itself when the server or a token check refused, so that `error.message === "access_denied"` works.
 */
export class AveError extends Error {
  override readonly name = "AveError";
  /** The code: `error` of RFC 6749 section 5.2 and RFC 6750 section 3.1, or one of this package, such as `state_mismatch`. */
  readonly error: string;
  /** A sentence for developers (`error_description`). */
  readonly errorDescription?: string;
  /** The HTTP status of the answer, or the one that a resource server should answer with. */
  readonly status?: number;

  constructor(error: string, errorDescription?: string, status?: number, options?: { message?: string; cause?: unknown }) {
    super(options?.message ?? error, options?.cause === undefined ? undefined : { cause: options.cause });
    this.error = error;
    this.errorDescription = errorDescription;
    this.status = status;
  }
}

/** A refusal that no server has spoken: its sentence is the message. */
export function refusal(error: string, sentence: string): AveError {
  return new AveError(error, sentence, undefined, { message: `[Procura] ${sentence}` });
}

/** A token that must not be believed (RFC 6750 section 3.1). */
export function untrusted(sentence: string): AveError {
  return new AveError("invalid_token", sentence, 401);
}

/** True when trying again may help: nobody has judged the request. */
export function isPassing(error: unknown): boolean {
  return error instanceof AveError && (error.error === "network_error" || (error.status ?? 0) >= 500);
}
