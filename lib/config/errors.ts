import { TerminalError } from '../errors.ts';

/** One thing that is wrong in a configuration, with its place. Lines and columns are 1-based. */
export interface Problem {
  readonly path: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly message: string;
}

function describeProblem(file: string, problem: Problem): string {
  const place = problem.line === undefined ? file : `${file}:${problem.line}:${problem.column ?? 1}`;
  return problem.path === '' ? `${place}: ${problem.message}` : `${place}: ${problem.path}: ${problem.message}`;
}

/** The configuration breaks its contract; `problems` lists every break at once. */
export class InvalidConfigError extends TerminalError {
  override readonly name = 'InvalidConfigError';
  readonly code = 'invalid_config';
  readonly file: string;
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[], options: { readonly cause?: unknown } = {}) {
    super(problems.map((problem) => describeProblem(file, problem)).join('\n'), options);
    this.file = file;
    this.problems = problems;
  }
}

/** There is no configuration where one was looked for. */
export class ConfigNotFoundError extends TerminalError {
  override readonly name = 'ConfigNotFoundError';
  readonly code = 'config_not_found';

  constructor(looked: readonly string[], folder: string, named: boolean) {
    super(
      named
        ? `There is no configuration file ${looked.join()}. Check the path given to --config.`
        : `There is no configuration in ${folder} (looked for ${looked.join(', ')}). Make one with etl init, or give one with --config FILE.`,
    );
  }
}

/** A pipeline is named that the configuration has not. */
export class UnknownPipelineError extends TerminalError {
  override readonly name = 'UnknownPipelineError';
  readonly code = 'unknown_pipeline';

  constructor(name: string, known: readonly string[], nearest: string | undefined) {
    const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
    super(`There is no pipeline "${name}".${hint} The configuration has: ${known.join(', ')}.`);
  }
}

/** A secret that the configuration refers to is not there, or has no such key. */
export class SecretNotFoundError extends TerminalError {
  override readonly name = 'SecretNotFoundError';
  readonly code = 'secret_not_found';

  constructor(reference: string, remedy: string, options: { readonly cause?: unknown } = {}) {
    super(`The secret ${reference} could not be read. ${remedy}`, options);
  }
}

/** The text of a configuration cannot be edited; nothing was written. */
export class ConfigNotEditableError extends TerminalError {
  override readonly name = 'ConfigNotEditableError';
  readonly code = 'config_not_editable';

  constructor(pipeline: string, why?: string) {
    super(
      why === undefined
        ? `The settings of pipeline ${pipeline} cannot be edited where they stand, e.g. because they are an alias (*name). Write them out. Nothing was written.`
        : `Pipeline ${pipeline} cannot be added to the configuration: ${why}. Name another file with --config, or write it by hand. Nothing was written.`,
    );
  }
}
