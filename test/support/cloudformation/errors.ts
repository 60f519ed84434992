/** What CloudFormation, or a service behind it, refuses; the message is the status reason that people read. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** The request itself is refused, before anything of the stack is touched. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}
