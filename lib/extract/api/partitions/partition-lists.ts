import path from 'node:path';
import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import type { ForEachKind, ForEachObject } from '../../../config/source-for-each.ts';
import { isS3Path, s3Place } from '../../../s3-path.ts';
import { S3MissingError, SourceFileNotFoundError } from '../../file/errors.ts';
import { fileKind } from '../../file/file-kind.ts';
import { findLocalFiles } from '../../file/local-files.ts';
import { openFile } from '../../file/open-file.ts';
import { pinObjects } from '../../file/pin-objects.ts';
import { recordLine } from '../../json/record-line.ts';
import { rowSearch } from '../../json/row-search.ts';
import { scanRecords } from '../../json/scan-records.ts';
import type { ExtractRequest, PinnedFile } from '../../request.ts';
import { PartitionFileError, TargetQueryMissingError } from './partition-errors.ts';

/** The rows of a list, as JSON objects in UTF-8. */
type ReadList = (settings: ForEachObject, request: ExtractRequest) => AsyncGenerator<Buffer>;

/** One entry for each kind of list but endpoints, which have pages. */
export const partitionLists: { readonly [K in Exclude<ForEachKind, 'endpoint'>]: ReadList } = {
  values: async function* ({ values = [] }) {
    for (const value of values) {
      yield Buffer.from(JSON.stringify(typeof value === 'object' ? value : { value }));
    }
  },
  file: async function* ({ file = '' }, request) {
    const pinned = await pinnedFile(file, request);
    const kind = fileKind(file, {});
    const bytes = openFile(pinned, kind, request);
    if (kind.format === 'csv' || kind.format === 'tsv') yield* csvRows(bytes, kind.format === 'tsv' ? '\t' : ',');
    else if (kind.format === 'json' || kind.format === 'ndjson') yield* jsonRows(bytes, kind.format === 'ndjson');
    else throw new PartitionFileError(file, kind.format);
  },
  query: async function* ({ query = '' }, request) {
    if (request.queryTarget === undefined) throw new TargetQueryMissingError();
    for (const row of await request.queryTarget(query)) yield Buffer.from(row);
  },
};

async function pinnedFile(file: string, { baseDir, s3 }: ExtractRequest): Promise<PinnedFile> {
  if (!isS3Path(file)) {
    const [found] = await findLocalFiles(file, baseDir);
    if (found === undefined) throw new SourceFileNotFoundError(file, path.resolve(baseDir, file), undefined);
    return { ...found, bytes: 0 };
  }
  if (s3 === undefined) throw new S3MissingError(file);
  const [found] = await pinObjects(s3, [s3Place(file)]);
  if (found === undefined) throw new SourceFileNotFoundError(file, file, undefined);
  return found;
}

async function* csvRows(bytes: AsyncIterable<Buffer>, delimiter: string): AsyncGenerator<Buffer> {
  const rows = Readable.from(bytes).pipe(parse({ columns: true, bom: true, delimiter, relax_column_count: true }));
  for await (const row of rows as AsyncIterable<Readonly<Record<string, string>>>)
    yield Buffer.from(JSON.stringify(row));
}

async function* jsonRows(bytes: AsyncIterable<Buffer>, many: boolean): AsyncGenerator<Buffer> {
  const found: Buffer[] = [];
  const rows = many ? { shown: '$', path: { text: '$', steps: [], lead: [] } } : rowSearch({});
  await scanRecords(bytes, {
    rows,
    captures: {},
    many,
    onRecord: (raw) => found.push(recordLine(raw) ?? Buffer.from('{}')),
    afterPiece: async () => undefined,
  });
  yield* found;
}
