import { TerminalError } from '../../../errors.ts';

/** A placeholder's value cannot be written as the placeholder wants it. */
export class TemplateValueError extends TerminalError {
  override readonly name = 'TemplateValueError';
  readonly code = 'template_value';

  /** @param placeholder  as it is written in the configuration */
  constructor(placeholder: string, problem: string) {
    super(`The value of ${placeholder} ${problem}. Correct the placeholder's format, or what it is filled from.`);
  }
}

/** A value would change the path of a request instead of being one segment of it. */
export class TemplatePathError extends TerminalError {
  override readonly name = 'TemplatePathError';
  readonly code = 'template_path';

  constructor(endpoint: string, problem: string) {
    super(
      `A value gives "${endpoint}" a path that is not meant: ${problem}. Send the value in params or body, or leave such rows of the parent endpoint out.`,
    );
  }
}
