import type { Writable } from 'node:stream';
import type { Sql } from '../../dsql/connect.ts';
import { ConnectionLostError } from '../../dsql/connection-lost.ts';
import { classifyFailure } from '../../dsql/failure.ts';
import { type ExitStatus, InvalidOptionError } from '../exit-status.ts';
import { widthOf } from '../terminal-text.ts';
import { type AnswerFormat, type AnswerWriter, answerWriters } from './answer-writers.ts';

/** The options of `etl sql`. */
export interface SqlOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly json?: boolean | undefined;
  readonly ndjson?: boolean | undefined;
  readonly csv?: boolean | undefined;
}

type Output = Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };

/** Thrown when the reader of our output is gone, as `head` is when it has its lines. */
class ReaderGoneError extends Error {
  override readonly name = 'ReaderGoneError';
}

/**
 * Runs statements and writes what each answers as it comes, as fast as the reader takes it.
 *
 * @returns 1 where the database refused one; what was answered before it is written
 */
export async function writeAnswers(
  sql: Pick<Sql, 'stream'>,
  query: string,
  options: SqlOptions,
  { stderr, stdout }: { readonly stdout: Output; readonly stderr: Pick<NodeJS.WriteStream, 'write'> },
): Promise<ExitStatus> {
  const format = formatOf(options);
  let gone = false;
  const onError = (): void => {
    gone = true;
  };
  stdout.on('error', onError);
  const write = async (text: string): Promise<void> => {
    if (gone || stdout.destroyed) throw new ReaderGoneError();
    if (text !== '' && !stdout.write(text)) await drained(stdout);
  };
  try {
    let writer: AnswerWriter | undefined;
    let written = 0;
    for await (const part of sql.stream(query)) {
      if (part.kind === 'columns') {
        writer = answerWriters[format](part.columns, widthOf(stdout));
        if (written > 0 && (format === 'csv' || format === 'table')) await write('\n');
        written += 1;
        await write(writer.begin());
      } else if (part.kind === 'rows') {
        await write(writer?.rows(part.rows) ?? '');
      } else {
        const said = `${part.command}${part.count === null ? '' : `, ${part.count.toLocaleString('en')} rows`}\n`;
        if (writer !== undefined) await write(writer.end(part.count ?? 0));
        else if (format === 'json') await write('[]\n');
        if (writer === undefined) stderr.write(said);
        writer = undefined;
      }
    }
    return 0;
  } catch (error) {
    if (error instanceof ReaderGoneError) return 0;
    stderr.write(`${problemOf(error)}\n`);
    return 1;
  } finally {
    stdout.off('error', onError);
  }
}

/** Resolves when the stream takes more, or nothing any more. */
async function drained(stream: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

function problemOf(error: unknown): string {
  const failure = classifyFailure(error);
  const hint =
    error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? `\nHint: ${error.hint}` : '';
  const lost = error instanceof ConnectionLostError ? ' Whether it took effect is not known.' : '';
  return `${failure.words}${failure.code === undefined ? '' : ` (${failure.code})`}${lost}${hint}`;
}

/** @throws {InvalidOptionError} when two formats are asked for */
function formatOf({ csv, json, ndjson }: SqlOptions): AnswerFormat {
  const asked = (
    [
      ['json', json],
      ['ndjson', ndjson],
      ['csv', csv],
    ] as const
  ).filter(([, on]) => on === true);
  const [first, second] = asked;
  if (first !== undefined && second !== undefined) {
    throw new InvalidOptionError(`--${second[0]}`, '', `no --${first[0]} beside it`);
  }
  return first?.[0] ?? 'table';
}
