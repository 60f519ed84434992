import { createReadStream } from 'node:fs';
import type { FileSettings } from '../../config/pipeline.ts';
import type { RawManifest, RawPart } from '../../manifest.ts';
import { PartWriter, rawPartName } from '../part-writer.ts';
import { writeManifest } from '../raw-objects.ts';
import type { ExtractRequest, PinnedFile } from '../request.ts';
import { rowSearch } from '../row-search.ts';
import { EmptyFileError } from './errors.ts';
import { csvDialect, type FileKind, fileKind } from './file-kind.ts';
import { assertUnchanged, fingerprintFiles } from './fingerprint.ts';
import { readJsonFile } from './read-json-file.ts';

/** Extracts the files of a source: plain ones by reference, the others as parts of the store. */
export async function extractFiles(request: ExtractRequest, settings: FileSettings): Promise<RawManifest> {
  const extractedAt = request.clock.now().toISOString();
  const source = request.fingerprint ?? (await fingerprintFiles(settings, request));
  const parts: RawPart[] = [];
  for (const file of source.files) {
    if (file.bytes === 0) throw new EmptyFileError(file.shown);
    const kind = fileKind(file.shown, settings);
    if (kind.format === 'json') {
      const writer = new PartWriter(request.store, rawPartName(request.prefix, 'ndjson'), parts.length);
      const chunks = createReadStream(file.location, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>;
      try {
        await readJsonFile(file.shown, chunks, rowSearch(settings.records_path), writer);
        await assertUnchanged(file);
        for (const part of await writer.seal()) {
          parts.push({ ...part, local: false, source: file.shown, format: 'ndjson' });
        }
      } finally {
        await writer.discard();
      }
    } else {
      await assertUnchanged(file);
      parts.push(referenceTo(file, kind, settings));
    }
  }
  return await writeManifest(request.store, request.prefix, {
    complete: true,
    parts,
    rejected: [],
    extracted_at: extractedAt,
    source_fingerprint: source.fingerprint,
    bytes_read: source.files.reduce((sum, file) => sum + file.bytes, 0),
  });
}

function referenceTo(file: PinnedFile, kind: FileKind, settings: FileSettings): RawPart {
  const part = {
    location: file.location,
    local: true,
    source: file.shown,
    bytes: file.bytes,
    ...(file.modified_ms === undefined ? {} : { modified_ms: file.modified_ms }),
  };
  if (kind.format === 'csv' || kind.format === 'tsv') {
    return { ...part, format: 'csv', csv: csvDialect(kind.format, settings.csv) };
  }
  return { ...part, format: kind.format };
}
