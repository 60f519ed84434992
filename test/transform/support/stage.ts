import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '../../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../../lib/duckdb/quote.ts';
import {
  type CsvDialect,
  type Manifest,
  manifestSchema,
  type RawPart,
  type RejectedRow,
  rejectedRowSchema,
} from '../../../lib/manifest.ts';
import { folderStore } from '../../../lib/store/folder-store.ts';
import type { TransformRequest, TransformSettings } from '../../../lib/transform/request.ts';
import { transformToChunks } from '../../../lib/transform/transform.ts';

export const commas: CsvDialect = {
  delimiter: ',',
  quote: '"',
  escape: '"',
  header: true,
  skip_lines: 0,
  null_strings: [],
  decimal_separator: '.',
};

/** An input part by its content or by the path of a file. */
export interface Input {
  readonly format: RawPart['format'];
  readonly content?: string | Uint8Array;
  readonly path?: string;
  readonly csv?: CsvDialect;
  /** How large the manifest says it is; as large as it is when left out. */
  readonly bytes?: number | undefined;
}

export interface Outcome {
  readonly manifest: Manifest;
  /** Rows of all chunks in order, as DuckDB's JSON-safe values; uuid_id and extracted_at included. */
  readonly rows: readonly Record<string, unknown>[];
  readonly rejected: readonly RejectedRow[];
}

/** Settings that ask for nothing. */
export const plainSettings: TransformSettings = {
  name: 'sample',
  target_table: 'sample',
  business_rules: [],
  key_columns: [],
  deduplicate: false,
  blank_text: 'empty',
  columns: {},
  load_mode: 'insert',
  rename: {},
  on_new_column: 'add',
  on_missing_column: 'warn',
  on_type_mismatch: 'reject',
  indexes: [],
};

/** Runs the stage over inputs in a folder of its own and reads everything back that it has written. */
export async function runTransform(
  inputs: readonly Input[] | Input,
  settings: Partial<TransformSettings> = {},
  more: Partial<TransformRequest> = {},
  rejectedByExtract: readonly RejectedRow[] = [],
): Promise<Outcome> {
  return await runTransformBy(transformWhole, inputs, settings, more, rejectedByExtract);
}

/** The same, by this way to transform. */
export async function runTransformBy(
  transform: (request: TransformRequest) => Promise<Manifest>,
  inputs: readonly Input[] | Input,
  settings: Partial<TransformSettings> = {},
  more: Partial<TransformRequest> = {},
  rejectedByExtract: readonly RejectedRow[] = [],
): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'transform-test-'));
  try {
    const hash = createHash('sha256');
    const parts: RawPart[] = [];
    for (const [i, input] of [inputs].flat().entries()) {
      const path = input.path ?? join(folder, `input-${i}.${input.format}`);
      if (input.path === undefined) {
        await writeFile(path, input.content ?? '');
      }
      const bytes = await readFile(path);
      hash.update(bytes);
      parts.push({
        location: path,
        local: true,
        source: `input-${i}`,
        format: input.format,
        bytes: input.bytes ?? bytes.length,
        ...(input.format === 'csv' ? { csv: input.csv ?? commas } : {}),
      });
    }
    await mkdir(join(folder, 'scratch'));
    const refused = { location: 'runs/r1/raw/rejected-00000.ndjson', rows: rejectedByExtract.length };
    await folderStore(join(folder, 'store')).put(
      refused.location,
      rejectedByExtract.map((row) => `${JSON.stringify(row)}\n`).join(''),
    );
    const manifest = await transform({
      raw: {
        complete: true,
        parts,
        rejected: refused.rows === 0 ? [] : [refused],
        extracted_at: '2026-01-02T03:04:05.678Z',
        source_fingerprint: hash.digest('hex'),
        bytes_read: parts.reduce((sum, part) => sum + part.bytes, 0),
      },
      settings: { ...plainSettings, ...settings },
      store: folderStore(join(folder, 'store')),
      prefix: 'runs/r1',
      scratchDir: join(folder, 'scratch'),
      threads: 2,
      ...more,
    });
    manifestSchema.parse(manifest);
    return {
      manifest,
      rows: await readChunks(manifest, join(folder, 'store')),
      rejected: await readRejected(manifest, join(folder, 'store')),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The transform, never paused. */
export async function transformWhole(request: TransformRequest): Promise<Manifest> {
  const written = await transformToChunks(request, () => new AbortController().signal);
  if (written.status !== 'complete') throw new Error(`The transform is ${written.status}.`);
  return written.manifest;
}

/** Only the columns of the source and of rules. */
export function withoutService(rows: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  return rows.map(({ uuid_id, extracted_at, ...row }) => row);
}

export function typesOf(manifest: Manifest): Record<string, string> {
  return Object.fromEntries(manifest.columns.slice(1, -1).map((column) => [column.name, column.type]));
}

async function readChunks(manifest: Manifest, root: string): Promise<readonly Record<string, unknown>[]> {
  const session = await openDuckDb({ allowedDirs: [root], tempDir: root, threads: 1 }).catch(() => undefined);
  if (session === undefined) {
    return [];
  }
  try {
    const rows: Record<string, unknown>[] = [];
    for (const chunk of manifest.chunks) {
      const reader = await session.connection.runAndReadAll(
        `SELECT * FROM read_parquet(${quoteText(join(root, chunk.location))})`,
      );
      const names = reader.columnNames();
      if (JSON.stringify(names) !== JSON.stringify(manifest.columns.map((column) => column.name))) {
        throw new Error(`chunk has the columns ${names.join(', ')}`);
      }
      const read = reader.getRowObjectsJson();
      if (read.length !== chunk.rows) {
        throw new Error(`chunk has ${read.length} rows, its manifest says ${chunk.rows}`);
      }
      rows.push(...(read as Record<string, unknown>[]));
    }
    return rows;
  } finally {
    session.close();
  }
}

async function readRejected(manifest: Manifest, root: string): Promise<readonly RejectedRow[]> {
  const rows: RejectedRow[] = [];
  for (const file of manifest.rejected) {
    const text = await readFile(join(root, file.location), 'utf8');
    const read = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => rejectedRowSchema.parse(JSON.parse(line)));
    if (read.length !== file.rows) {
      throw new Error(`${file.location} has ${read.length} rows, the manifest says ${file.rows}`);
    }
    rows.push(...read);
  }
  return rows;
}
