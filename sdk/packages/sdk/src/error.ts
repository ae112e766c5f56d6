/**
 * What every function of this package throws. `message` is the error code of the server (RFC 6749 §5.2), unless the
 * error was found on this side: then it is a sentence that begins with `[Ave]`.
 */
export class AveError extends Error {
  override readonly name: string = "AveError";
  /** The error code, for example `invalid_grant`. Decide by this one. */
  readonly error: string;
  /** A sentence for the developer. Do not decide by it, and do not show it to people. */
  readonly errorDescription: string | undefined;
  /** The HTTP status of the answer. Absent when there was none. */
  readonly status: number | undefined;

  constructor(error: string, errorDescription?: string, status?: number, message: string = error) {
    super(message);
    this.error = error;
    this.errorDescription = errorDescription;
    this.status = status;
  }
}

/** An error that was found here, without an answer of the server. */
export function localError(error: string, sentence: string, prefix = "[Ave]"): AveError {
  return new AveError(error, sentence, undefined, `${prefix} ${sentence}`);
}
