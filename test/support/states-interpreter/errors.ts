/** The definition uses something the interpreter does not know: a fault of the test, never an outcome of the machine. */
export class UnknownFeatureError extends Error {
  override readonly name = 'UnknownFeatureError';
}

/** An error inside the machine, by the name Retry and Catch match. */
export class StatesError extends Error {
  override readonly name = 'StatesError';
  readonly error: string;
  readonly why: string;

  constructor(error: string, why: string) {
    super(`${error}: ${why}`);
    this.error = error;
    this.why = why;
  }
}
