import { TerminalError, TransientError } from '../errors.ts';

type Options = { readonly cause?: unknown };

/** The staging bucket did not respond, or asked to slow down, in every attempt of the client. */
export class StoreUnavailableError extends TransientError {
  override readonly name = 'StoreUnavailableError';
  readonly code = 'store_unavailable';

  constructor(bucket: string, key: string, options: Options) {
    super(`The staging bucket ${bucket} did not take or give ${key}. Run again later.`, options);
  }
}

/** The staging bucket is not there, or the permission for it. */
export class StoreRefusedError extends TerminalError {
  override readonly name = 'StoreRefusedError';
  readonly code = 'store_refused';

  constructor(bucket: string, key: string, reason: string, options: Options) {
    super(`The staging bucket ${bucket} refused ${key}: ${reason}. Check the bucket and the function's role.`, options);
  }
}

/** An object of a run is gone: its time in the bucket was over, or someone removed it. */
export class StagedObjectMissingError extends TerminalError {
  override readonly name = 'StagedObjectMissingError';
  readonly code = 'staged_object_missing';

  constructor(bucket: string, key: string) {
    super(`The staging bucket ${bucket} has no object ${key}. Start the run over with "again": true.`);
  }
}

/** A key would lead out of the folder that holds the objects. */
export class StoreKeyError extends TerminalError {
  override readonly name = 'StoreKeyError';
  readonly code = 'store_key';

  constructor(key: string) {
    super(
      `The key ${JSON.stringify(key)} is no place in the store: each part between slashes must be a name. The manifest or event that it comes from is not this service's; start a new run.`,
    );
  }
}
