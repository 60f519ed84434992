/**
 * Where a run keeps its parts, chunks and manifests: a folder on a laptop, a bucket in AWS.
 *
 * Keys are relative, `/`-separated, e.g. `runs/<run_id>/raw/part-00000.ndjson`.
 */
export interface ObjectStore {
  /** Durable and whole when it resolves; a crash before leaves the former object or none, never a piece. */
  readonly put: (key: string, body: Uint8Array | string) => Promise<void>;
  /** As `put`, from a file of the local disk, which may be moved away. */
  readonly putFile: (key: string, localPath: string) => Promise<void>;
  /** The object's bytes, or undefined when there is none. For manifests and cursors, not for rows. */
  readonly get: (key: string) => Promise<Uint8Array | undefined>;
  /** The object's bytes from one on, up to another one that is left out; no other is fetched. Throws when there is no object. */
  readonly getRange: (key: string, from: number, to: number) => Promise<Uint8Array>;
  /** A path on the local disk that holds the object's bytes; to be read, never written. Throws when there is none. */
  readonly localPath: (key: string) => Promise<string>;
  /** Brings the object's bytes from one on, up to another one that is left out, into a new local file; of a large object no other is fetched. */
  readonly copyRange: (key: string, from: number, to: number, localPath: string) => Promise<void>;
  /** The folder in which `localPath` has the objects under a prefix, for those who must name beforehand what they will read. */
  readonly localFolder: (prefix: string) => string;
  /** A local scratch path for a file that will be given to `putFile` under this key. Its folder exists. */
  readonly scratchPath: (key: string) => Promise<string>;
  /** Removes every object whose key starts with the prefix. */
  readonly removeAll: (prefix: string) => Promise<void>;
}
