import { TerminalError } from '../errors.ts';

/** A configuration that runs on a laptop and cannot run in AWS as it stands. */
export class NotDeployableError extends TerminalError {
  override readonly name = 'NotDeployableError';
  readonly code = 'not_deployable';

  constructor(problems: readonly string[]) {
    super(`The configuration cannot be deployed:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  }
}

/** DuckDB's binary for the functions' platform is not installed and could not be fetched. */
export class BinaryNotFetchedError extends TerminalError {
  override readonly name = 'BinaryNotFetchedError';
  readonly code = 'binary_not_fetched';

  constructor(what: string, reason: string, options: { readonly cause?: unknown } = {}) {
    super(`${what} could not be fetched from npm: ${reason}. Check the network, or set deploy.architecture.`, options);
  }
}

/** The two clusters of a multi-Region pair are not known yet. */
export class ClustersUnknownError extends TerminalError {
  override readonly name = 'ClustersUnknownError';
  readonly code = 'clusters_unknown';

  constructor(file: string, problem: string) {
    super(
      `The clusters of the two Regions are not known: ${file} ${problem}. First run: npx cdk deploy '*-cluster-*' --outputs-file ${file}`,
    );
  }
}
