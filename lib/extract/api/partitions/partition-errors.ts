import { TerminalError } from '../../../errors.ts';

/** A file of values has a format that is not read for that. */
export class PartitionFileError extends TerminalError {
  override readonly name = 'PartitionFileError';
  readonly code = 'for_each_file';

  constructor(file: string, format: string) {
    super(
      `for_each.file "${file}" is ${format}; values are read from CSV, TSV, JSON and NDJSON. Convert it to one of them.`,
    );
  }
}

/** Values are asked of the target where there is none. */
export class TargetQueryMissingError extends TerminalError {
  override readonly name = 'TargetQueryMissingError';
  readonly code = 'for_each_query';

  constructor() {
    super('for_each.query needs a target to ask, and this call has none. Use for_each.file or values here.');
  }
}
