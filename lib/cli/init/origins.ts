import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { isS3Path, s3Place } from '../../s3-path.ts';
import { InvalidOptionError } from '../exit-status.ts';
import { looksOfText } from './text-looks.ts';

/** What is said of a source before anything of it is read as rows. */
export interface OriginOptions {
  readonly format?: string | undefined;
  readonly encoding?: string | undefined;
  readonly delimiter?: string | undefined;
  readonly recordsPath?: string | undefined;
  readonly bearerEnv?: string | undefined;
}

/** The part of a pipeline's settings that says where its rows come from, in the order in which it is written. */
export interface Draft {
  readonly source: Readonly<Record<string, unknown>>;
  /** From which a name for pipeline and table is made. */
  readonly title: string;
  /** What was noticed on the way; one sentence each. */
  readonly notes: readonly string[];
}

/** A kind of thing that a person names when asked what is to be loaded. */
interface Origin {
  readonly matches: (text: string) => boolean;
  /** @param folder  of the configuration @throws {InvalidOptionError} where it cannot be a source */
  readonly draft: (text: string, folder: string, options: OriginOptions) => Promise<Draft>;
}

type OriginKind = 'bucket' | 'url' | 'file';

/** Each kind once; the first that matches is meant. */
const origins: Readonly<Record<OriginKind, Origin>> = {
  bucket: { matches: isS3Path, draft: draftBucket },
  url: { matches: (text) => /^[a-z][a-z0-9+.-]*:\/\//i.test(text), draft: draftUrl },
  file: { matches: () => true, draft: draftFile },
};

/** @throws {InvalidOptionError} */
export async function draftOf(text: string, folder: string, options: OriginOptions): Promise<Draft> {
  const origin = Object.values(origins).find(({ matches }) => matches(text));
  if (origin === undefined) throw new InvalidOptionError('--from', text, 'a file, a URL or s3://bucket/prefix/');
  return await origin.draft(text, folder, options);
}

async function draftBucket(text: string, _: string, options: OriginOptions): Promise<Draft> {
  const { bucket, key } = s3Place(text);
  if (bucket === '') throw new InvalidOptionError('--from', text, 's3://bucket/key or s3://bucket/prefix/');
  const csv = options.delimiter === undefined ? {} : { csv: { delimiter: options.delimiter } };
  const source = { source_type: 'file', file_path: text, ...ofFile(options), ...csv };
  return { source, title: lastName(key) || bucket, notes: [] };
}

async function draftUrl(text: string, _: string, options: OriginOptions): Promise<Draft> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new InvalidOptionError('--from', text, 'a URL that begins with https:// or http://');
  }
  if (url.username !== '' || url.password !== '') {
    const name = `${url.protocol}//…@${url.host}`;
    throw new InvalidOptionError('--from', name, 'a URL without name and password; see docs/credentials.md');
  }
  if (/\.(csv|tsv|parquet|ndjson|jsonl)(\.(gz|zst))?$/i.test(url.pathname)) {
    const place = `${url.origin}${url.pathname}`;
    throw new InvalidOptionError('--from', place, 'an API that answers with JSON; for a file, download it first');
  }
  const params = Object.fromEntries(url.searchParams);
  const token = options.bearerEnv;
  const source = {
    source_type: 'api',
    endpoint: `${url.origin}${url.pathname}`,
    ...(Object.keys(params).length === 0 ? {} : { params }),
    ...(token === undefined ? {} : { auth: { type: 'bearer', token: { env: token } } }),
    ...(options.recordsPath === undefined ? {} : { records_path: options.recordsPath }),
  };
  return { source, title: lastName(url.pathname) || url.hostname, notes: [] };
}

async function draftFile(text: string, folder: string, options: OriginOptions): Promise<Draft> {
  const place = path.resolve(text);
  const isGlob = /[*?[{]/.test(text) && !existsSync(place);
  if (!isGlob && !existsSync(place)) {
    throw new InvalidOptionError('--from', text, 'a file or folder that exists, a glob, a URL or s3://bucket/prefix/');
  }
  const relative = path.relative(folder, place).split(path.sep).join('/');
  const whole = !isGlob && statSync(place).isDirectory() ? `${relative === '' ? '.' : relative}/` : relative;
  const looks = isGlob || whole.endsWith('/') ? undefined : await looksOfText(place, options);
  const delimiter = options.delimiter ?? looks?.delimiter;
  const source = {
    source_type: 'file',
    file_path: whole,
    ...ofFile(options),
    ...(delimiter === undefined ? {} : { csv: { delimiter } }),
  };
  const title = lastName(isGlob ? text.replace(/[*?[{].*$/, '') : place) || lastName(folder);
  return { source, title, notes: looks?.notes ?? [] };
}

function ofFile({ encoding, format, recordsPath }: OriginOptions): Readonly<Record<string, unknown>> {
  return {
    ...(format === undefined ? {} : { format }),
    ...(encoding === undefined ? {} : { encoding }),
    ...(recordsPath === undefined ? {} : { records_path: recordsPath }),
  };
}

/** The last part of a path, without what tells format and compression. */
function lastName(text: string): string {
  const last = text.split(/[/\\]/).findLast((part) => part !== '') ?? '';
  return last.replace(/(\.(csv|tsv|txt|json|ndjson|jsonl|parquet))?(\.(gz|zst))?$/i, '');
}

/** A name for a pipeline and its table: small letters, digits and _, with a letter at its start. */
export function nameOf(title: string): string {
  const name = title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase()
    .slice(0, 50);
  if (name === '') return 'rows';
  return /^(etl_|pg_|\d)/.test(name) ? `t_${name}` : name;
}
