import type { Clock } from '../clock.ts';
import type { DataSource } from '../config/data-source.ts';
import type { PipelineSettings } from '../config/pipeline.ts';
import type { RefreshTokens } from '../config/refresh-tokens.ts';
import type { ResolveSecret } from '../config/secret.ts';
import type { Validator, Watermark } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import type { S3Reader } from '../s3-reader.ts';

export interface ExtractProgress {
  readonly rows: number;
  readonly bytes: number;
  readonly requests: number;
}

/** A slice of the source for a backfill; it leaves the watermark alone. Texts as the cursor column has them. */
export interface ExtractRange {
  /** Rows with a cursor value of this or later. */
  readonly from?: string | undefined;
  /** Rows with a cursor value before this. */
  readonly to?: string | undefined;
}

/** One file of a source, pinned: what is read later must still be this. */
export interface PinnedFile {
  /** As a person knows it: relative to the configuration where it was written so, or `s3://bucket/key`. */
  readonly shown: string;
  /** Absolute path, or `s3://bucket/key`. */
  readonly location: string;
  readonly bytes: number;
  /** Of a local file, ms since 1970. */
  readonly modified_ms?: number | undefined;
  /** Of an S3 object, with the quotes. */
  readonly etag?: string | undefined;
  readonly version_id?: string | undefined;
  /** SHA-256 of a local file's bytes, hex. */
  readonly sha256?: string | undefined;
}

/** A file that has to be copied before its rows can be read. */
export interface FileToCopy {
  /** Its place among the files of the source, from 0. */
  readonly number: number;
  readonly file: PinnedFile;
}

/** Files that one call copies, and how many of them, the first ones, the calls before it have. */
export interface FilesToCopy {
  readonly files: readonly FileToCopy[];
  readonly done: number;
}

/** Others who copy files, each by `copyFiles` of the source. */
export interface Copiers {
  /** Whether they are to copy these files; else it is done here, one after another. */
  readonly take: (files: readonly PinnedFile[]) => boolean;
  /** Gives them files. The extraction is called again when they have copied them. */
  readonly give: (files: readonly FileToCopy[]) => Promise<void>;
}

/** Which content a file source has right now. */
export interface SourceFingerprint {
  /** SHA-256, hex: of the file's bytes, or over the digests of several files in order; of S3 objects over their ETags. */
  readonly fingerprint: string;
  readonly files: readonly PinnedFile[];
}

/** The objects that a run of an S3 event or a backfill reads, instead of the configured files, in this order. */
export interface RunObjects {
  readonly files: readonly PinnedFile[];
  /** What became of objects that the run was given and does not read; one sentence each. */
  readonly warnings: readonly string[];
}

/** What is needed to look at a file source without reading it into rows. */
export type FingerprintRequest = Pick<ExtractRequest, 'pipeline' | 'baseDir'> &
  Partial<Pick<ExtractRequest, 's3' | 'signal' | 'objects'>>;

/** One pipeline's source, and where its rows go. The same request again goes on where the last call stopped. */
export interface ExtractRequest {
  readonly pipeline: { readonly name: string; readonly settings: PipelineSettings; readonly dataSource: DataSource };
  /** Relative file paths are relative to this folder, the configuration's. */
  readonly baseDir: string;
  readonly store: ObjectStore;
  /** Where in the store this run keeps its objects, e.g. `runs/<run_id>`. */
  readonly prefix: string;
  readonly resolveSecret: ResolveSecret;
  /** Keeps refresh tokens that change with each use; without it they are used as they stand, and new ones are lost. */
  readonly refreshTokens?: RefreshTokens | undefined;
  /** What the last successful run's manifest carried; rows up to it are not extracted again. */
  readonly watermark?: Watermark | undefined;
  /** Of a response that is all in the table; a source that is still that response has nothing new. */
  readonly validator?: Validator | undefined;
  readonly range?: ExtractRange | undefined;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** What `fingerprintSource` found, so that the files need not be read for it again. */
  readonly fingerprint?: SourceFingerprint | undefined;
  /** Of a text that has to be copied no more is read than about these bytes, whole lines of it: for a look at the source. */
  readonly headBytes?: number | undefined;
  /** S3 objects are copied also where they could be read where they are: they may change before they are read. */
  readonly copyObjects?: true | undefined;
  /** No page or file is begun after this moment; the manifest then says `complete: false`. */
  readonly deadline?: Date | undefined;
  /** The moment after which no more of a file is copied of which so many bytes have to be made durable; `deadline` where it is left out. */
  readonly copyDeadline?: ((bytes: number) => Date) | undefined;
  /** Absent where nobody else copies. */
  readonly copiers?: Copiers | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly s3?: S3Reader | undefined;
  /**
   * Reads the rows of a SELECT in the target, each as a JSON object, in a transaction that cannot write; absent where there
   * is no target.
   */
  readonly queryTarget?: ((text: string) => Promise<readonly string[]>) | undefined;
  /** Instead of the configured files. */
  readonly objects?: RunObjects | undefined;
  readonly onProgress?: ((progress: ExtractProgress) => void) | undefined;
}
