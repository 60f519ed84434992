import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { PathStep } from '../../../config/json-path.ts';
import { messageOf } from '../../../errors.ts';
import { DocumentLimitReachedError, documentBytes } from '../../json/scan-records.ts';

/** A body is no XML, or no whole one. For the reader, who knows which response it was. */
export class XmlSyntaxError extends Error {
  override readonly name = 'XmlSyntaxError';
}

/**
 * The JSON of an XML document: elements by their names, attributes with an `@` before theirs, text beside them as
 * `#text`; every value as the text that stands there. The document is held, up to `documentBytes`. Entities that a
 * document declares itself are not expanded.
 *
 * @param rows  steps to the rows: what they say is a list is one also where it has a single element
 * @param charset  what the response says it is in; undefined: what the document says
 * @throws {XmlSyntaxError} {DocumentLimitReachedError}
 */
export async function* xmlAsJson(
  pieces: AsyncIterable<Buffer>,
  rows: readonly PathStep[] | undefined,
  charset: string | undefined,
): AsyncGenerator<Buffer> {
  const held: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > documentBytes) throw new DocumentLimitReachedError();
    held.push(piece);
  }
  const text = textOf(Buffer.concat(held), charset).trim();
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) throw new XmlSyntaxError(`line ${verdict.err.line}: ${verdict.err.msg}`);
  const lists = listsOf(rows ?? []);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    // Numbers of characters, too, which XML has and the library counts with the names of HTML.
    htmlEntities: true,
    isArray: (_, path) => lists.has(String(path)),
    // Of those that every document has there may be many; of its own there are none.
    processEntities: { enabled: true, maxEntityCount: 0, maxTotalExpansions: bytes, maxExpandedLength: bytes },
  });
  let document: unknown;
  try {
    document = parser.parse(text);
  } catch (thrown) {
    throw new XmlSyntaxError(messageOf(thrown));
  }
  yield Buffer.from(JSON.stringify(withoutBlanks(document)));
}

/** Paths, as the parser writes them, of what `[*]` follows. */
function listsOf(steps: readonly PathStep[]): ReadonlySet<string> {
  const lists = new Set<string>();
  const names: string[] = [];
  for (const step of steps) {
    if (step === 'any') lists.add(names.join('.'));
    else if ('name' in step) names.push(step.name);
  }
  return lists;
}

/** Line breaks between elements are no text. An element with text alone is that text, as it stands. */
function withoutBlanks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutBlanks);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) =>
      name === '#text' && typeof inner === 'string' && inner.trim() === '' ? [] : [[name, withoutBlanks(inner)]],
    ),
  );
}

/** By what the response says, else by the charset that the document names in its first line. */
function textOf(document: Buffer, charset: string | undefined): string {
  const start = document.toString('latin1', 0, 200);
  const named = charset ?? /^\s*<\?xml[^>]*\bencoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(named).decode(document);
  } catch {
    throw new XmlSyntaxError(`it names the charset ${named}, which is not known here`);
  }
}
