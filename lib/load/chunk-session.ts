import { posix } from 'node:path';
import { StatementRefusedError } from '../dsql/errors.ts';
import { classifyFailure } from '../dsql/failure.ts';
import type { Target } from '../dsql/target.ts';
import { type DuckDbSession, openDuckDb } from '../duckdb/open-duckdb.ts';
import { parquetRows } from '../duckdb/parquet-rows.ts';
import { EtlError } from '../errors.ts';
import { rangeKey } from '../id-range.ts';
import type { Buckets, ChunkPlan, Column } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import { idColumn, idColumnOf } from '../service-columns.ts';
import type { ChunkReader } from '../transform-result.ts';

export interface SessionRequest {
  readonly pipelineName: string;
  /** Folder for DuckDB's temporary files; must exist. */
  readonly scratchDir: string;
  /** As `DuckDbOptions` has it. */
  readonly memoryLimitMb?: number | undefined;
  /** As `DuckDbOptions` has it. */
  readonly threads?: number | undefined;
  readonly target: Pick<Target, 'retry'>;
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
    memoryLimitMb: request.memoryLimitMb,
    threads: request.threads,
    signal: request.target.retry.signal,
  });
  try {
    return await work(session);
  } catch (error) {
    if (error instanceof EtlError || request.target.retry.signal?.aborted === true) throw error;
    const failure = classifyFailure(error);
    throw new StatementRefusedError(`Loading for pipeline ${request.pipelineName}`, failure.code, failure.words, {
      cause: error,
    });
  } finally {
    session.close();
  }
}

/** What is known of chunks in files of their own. */
interface StoredPlan {
  readonly chunks: readonly ChunkPlan[];
  readonly columns: readonly Column[];
  readonly buckets?: Buckets | undefined;
}

/** Chunks of which each has a Parquet file of its own in the store. */
export function storedChunks(
  store: Pick<ObjectStore, 'localFolder' | 'localPath'>,
  { buckets, chunks, columns }: StoredPlan,
): ChunkReader {
  const id = idColumnOf(columns) ?? idColumn;
  const ids = buckets?.ids?.prefix;
  const folders = [...chunks.map(({ location }) => posix.dirname(location)), ...(ids === undefined ? [] : [ids])];
  return {
    folders: [...new Set(folders)].map((folder) => store.localFolder(folder)),
    chunk: async (number) => {
      const chunk = chunks[number];
      if (chunk === undefined) throw new RangeError(`There is no chunk ${number}.`);
      const path = await store.localPath(chunk.location);
      const relation = parquetRows(path);
      // Rows of a file can be told apart by their places only where no column has that name; functions have the memory.
      return { number, rows: chunk.rows, idColumn: id, relation, pieces: [relation] };
    },
    idsInRange: async (range) => {
      const relations: string[] = [];
      if (ids === undefined) return relations;
      for (const [bucket, chunkCount] of (buckets?.chunks ?? []).entries()) {
        // A bucket without rows has no ids.
        if (chunkCount > 0) relations.push(parquetRows(await store.localPath(rangeKey(ids, range, bucket))));
      }
      return relations;
    },
  };
}
