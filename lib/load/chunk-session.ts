import { StatementRefusedError } from '../dsql/errors.ts';
import { classifyFailure } from '../dsql/failure.ts';
import type { RetryContext } from '../dsql/retry.ts';
import { type DuckDbSession, openDuckDb } from '../duckdb/open-duckdb.ts';
import { EtlError } from '../errors.ts';
import type { CleanManifest } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import type { ChunkFile } from './batch.ts';

export interface SessionRequest {
  readonly pipelineName: string;
  /** Folder for DuckDB's temporary files; must exist. */
  readonly scratchDir: string;
  readonly retry: RetryContext;
}

/** A DuckDB that sees these files and nothing else; what the database refuses inside becomes an error that says so. */
export async function withSession<T>(
  request: SessionRequest,
  files: readonly { readonly path: string }[],
  work: (session: DuckDbSession) => Promise<T>,
): Promise<T> {
  const session = await openDuckDb({
    allowedDirs: [],
    allowedFiles: files.map((file) => file.path),
    tempDir: request.scratchDir,
    signal: request.retry.signal,
  });
  try {
    return await work(session);
  } catch (error) {
    if (error instanceof EtlError || request.retry.signal?.aborted === true) throw error;
    const failure = classifyFailure(error);
    throw new StatementRefusedError(`Loading for pipeline ${request.pipelineName}`, failure.code, failure.words, {
      cause: error,
    });
  } finally {
    session.close();
  }
}

/** The clean chunks on the local disk, all or those of the given numbers, and their rows. */
export async function localChunks(
  store: ObjectStore,
  manifest: CleanManifest,
  numbers?: readonly number[],
): Promise<{ readonly files: readonly ChunkFile[]; readonly rows: number }> {
  const files: ChunkFile[] = [];
  let rows = 0;
  for (const [number, chunk] of manifest.chunks.entries()) {
    if (numbers !== undefined && !numbers.includes(number)) continue;
    files.push({ number, path: await store.localPath(chunk.location) });
    rows += chunk.rows;
  }
  return { files, rows };
}
