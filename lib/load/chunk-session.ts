import { StatementRefusedError } from '../dsql/errors.ts';
import { classifyFailure } from '../dsql/failure.ts';
import type { RetryContext } from '../dsql/retry.ts';
import { type DuckDbSession, openDuckDb } from '../duckdb/open-duckdb.ts';
import { EtlError } from '../errors.ts';
import type { Chunk } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import type { ChunkFile } from './batch.ts';

export interface SessionRequest {
  readonly pipelineName: string;
  /** Folder for DuckDB's temporary files; must exist. */
  readonly scratchDir: string;
  readonly retry: RetryContext;
}

/** A DuckDB that sees these files or folders and nothing else; what the database refuses inside becomes an error that says so. */
export async function withSession<T>(
  request: SessionRequest,
  sees: { readonly files?: readonly { readonly path: string }[]; readonly folders?: readonly string[] },
  work: (session: DuckDbSession) => Promise<T>,
): Promise<T> {
  const session = await openDuckDb({
    allowedDirs: sees.folders ?? [],
    allowedFiles: (sees.files ?? []).map((file) => file.path),
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

/** Chunks of a run on the local disk, with their numbers. */
export async function localChunks(
  store: ObjectStore,
  chunks: readonly Pick<Chunk, 'location'>[],
): Promise<readonly ChunkFile[]> {
  const files: ChunkFile[] = [];
  for (const [number, { location }] of chunks.entries()) files.push({ number, path: await store.localPath(location) });
  return files;
}
