import type { FileSettings } from '../../config/pipeline.ts';
import { formatSettings } from '../../config/source-file.ts';
import { isS3Path } from '../../s3-path.ts';
import type { ExtractRequest, PinnedFile } from '../request.ts';
import { checkText, checkUtf8, headBytes, isBlank, textEncoding } from './copy-file.ts';
import { EmptyFileError } from './errors.ts';
import type { FileKind } from './file-kind.ts';
import { formatReader } from './formats.ts';
import { readBytes } from './open-file.ts';

/** Whether rows can be read from the file itself: not packed, UTF-8, and not one JSON document. */
export async function fitsAsItIs(
  file: PinnedFile,
  kind: FileKind,
  settings: FileSettings,
  request: ExtractRequest,
): Promise<boolean> {
  const reader = formatReader(kind.format);
  if (kind.compression !== 'none' || !formatSettings(kind.format).asIs) return false;
  if (isS3Path(file.location) && !staysInPlace(file, request)) return false;
  const most = reader.text ? headBytes : edgeBytes;
  const head = await readBytes(file, 0, Math.min(most, file.bytes), request);
  if (reader.checkEdge !== undefined) {
    reader.checkEdge(file.shown, head);
    reader.checkEdge(file.shown, await readBytes(file, Math.max(0, file.bytes - edgeBytes), file.bytes, request));
  }
  if (!reader.text) return true;
  checkText(file.shown, head, kind);
  if (textEncoding(file.shown, kind, head) !== 'utf-8') return false;
  const isWhole = file.bytes <= headBytes;
  if (isWhole && !reader.mayBeEmpty && isBlank(head.subarray(head[0] === 0xef ? 3 : 0))) {
    throw new EmptyFileError(file.shown);
  }
  checkUtf8(file.shown, head, reader.headerLines(settings));
  return true;
}

/** Bytes at the start and at the end that tell a format. */
const edgeBytes = 4;

/** Whether an object may be read where it lies. A look at its first rows copies these alone. */
function staysInPlace({ etag }: PinnedFile, { copyObjects, headBytes: head }: ExtractRequest): boolean {
  return etag !== undefined && copyObjects !== true && head === undefined;
}
