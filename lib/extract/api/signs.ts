import type { IncomingHttpHeaders } from 'node:http';
import { type EnvelopeMember, envelopePath, type WantMember } from '../json/envelope.ts';
import type { RowSearch } from '../json/row-search.ts';
import { countOf, isTrue, scalarText, textOf, urlOf } from './json-value.ts';
import { linkTarget } from './link-header.ts';
import { headerText } from './retry-wait.ts';
import { isAboutResponse, isPageSizeParameter, plainName, type SignKind, signKind } from './sign-words.ts';

/** A place of a response that says something of the whole. */
export interface Sign {
  /** As people know it: `$.meta.total`, or `the header X-Total-Count`. */
  readonly place: string;
  /** The count, where it is one. */
  readonly count?: number | undefined;
  /** What it says, where that is not that there are further pages; the end of a sentence. */
  readonly says?: string | undefined;
  /** What stands there, as JSON; of errors. */
  readonly json?: string | undefined;
}

/** What a response says of itself, whatever the configuration says about pages. */
export interface Signs {
  /** That there is more than this page; undefined where a flag says that there is not. */
  readonly more: Sign | undefined;
  /** How many items there are, the largest number that is said. */
  readonly total: Sign | undefined;
  readonly pages: Sign | undefined;
  /** That the page is as long as a page may be, and nothing says that it is the last. */
  readonly full: Sign | undefined;
  /** That it is an error, or lacks a part, although its status is a good one. */
  readonly error: Sign | undefined;
  /** Where the next page is, where the response has its URL. */
  readonly nextUrl: string | undefined;
}

export interface SignFacts {
  readonly members: readonly EnvelopeMember[];
  readonly headers: IncomingHttpHeaders;
  readonly status: number;
  /** Where the response came from. */
  readonly url: URL;
  readonly rows: RowSearch;
  /** Items of the page. */
  readonly items: number;
}

/** Which members of a response are looked at. */
export const wantSign: WantMember = (name, parent) => {
  const sign = signKind(name);
  if (sign === undefined) return isValueOf(name, parent) ? 'plain' : undefined;
  return ['error', 'links', 'next'].includes(sign.kind) ? 'any' : 'plain';
};

/** Looks at every place where APIs say such things: body, headers and status. */
export function readSigns(facts: SignFacts): Signs {
  const found = [
    ...facts.members.flatMap((member) => bodyFinding(member, facts.rows)),
    ...headerFindings(facts.headers),
  ];
  const said = found.flatMap((one) => judge(one, facts));
  const first = (kind: Said['kind']): Sign | undefined => said.find((one) => one.kind === kind)?.sign;
  const most = (kind: Said['kind']): Sign | undefined =>
    said
      .filter((one) => one.kind === kind)
      .map(({ sign }) => sign)
      .sort((a, b) => (b.count ?? 0) - (a.count ?? 0))[0];
  const link = linkTarget(facts.headers.link, 'next', facts.url);
  const flag = first('more') ?? statusSign(facts.status);
  // A cursor or a URL may stay where there is no more; where a flag says so, the flag counts.
  const ended = first('more') === undefined && first('end') !== undefined;
  const nextUrl = link ?? (ended ? undefined : said.find(({ url }) => url !== undefined)?.url);
  const lead = !ended ? (first('lead') ?? (link === undefined ? undefined : linkSign)) : undefined;
  const total = most('total');
  const pages = most('pages');
  const settled = ended || first('settled') !== undefined || total !== undefined || pages !== undefined;
  const full = settled ? undefined : fullPage(said, facts);
  return { more: flag ?? lead, total, pages, full, error: first('error'), nextUrl };
}

/** A page that is exactly as long as the response or the request says a page may be. */
function fullPage(said: readonly Said[], { items, url }: SignFacts): Sign | undefined {
  if (items === 0) return undefined;
  const inBody = said.find(({ kind, sign }) => kind === 'page_size' && sign.count === items)?.sign;
  const asked = [...url.searchParams].find(([name, value]) => isPageSizeParameter(name) && Number(value) === items);
  return inBody ?? (asked === undefined ? undefined : { place: `the parameter ${asked[0]}`, count: items });
}

const linkSign: Sign = { place: 'the header Link' };

interface Finding {
  readonly kind: SignKind;
  readonly json: string;
  readonly place: string;
}

interface Said {
  /** `settled`: it is said that there is no next page at this place, which others may contradict. */
  readonly kind: 'more' | 'end' | 'settled' | 'lead' | 'total' | 'pages' | 'page_size' | 'error';
  readonly sign: Sign;
  readonly url?: string | undefined;
}

/** `value` of `hits.total.value`, `href` of `_links.next.href`: the member says what its parent's name means. */
function isValueOf(name: string, parent: string | undefined, holder?: string | undefined): boolean {
  if (parent === undefined) return false;
  const kind = signKind(parent)?.kind;
  const plain = plainName(name);
  // Elsewhere a value that is a total may be an amount of money.
  if (kind === 'total') return plain === 'value' && (holder === undefined || plainName(holder) === 'hits');
  return kind === 'next' && ['href', 'url', 'uri', 'link', 'after', 'cursor', 'token'].includes(plain);
}

function bodyFinding({ json, path }: EnvelopeMember, rows: RowSearch): readonly Finding[] {
  const name = path.at(-1) ?? '';
  const parent = path.at(-2);
  const inner = isValueOf(name, parent, path.at(-3) ?? '');
  const sign = signKind(inner ? (parent ?? '') : name);
  if (sign === undefined) return [];
  // Facebook's `paging.cursors` name both ends of every page.
  if (sign.kind === 'cursor' && plainName(parent ?? '') === 'cursors') return [];
  const holders = path.slice(0, inner ? -2 : -1);
  if (!belongs(holders, rows, sign.clear)) return [];
  if (isDeepStatus(sign.kind, holders)) return [];
  return [{ kind: sign.kind, json, place: envelopePath(path) }];
}

/** Words for success and failure further down are about something else, but for the shards of a search. */
function isDeepStatus(kind: SignKind, holders: readonly string[]): boolean {
  const plain = holders.map(plainName);
  if (kind === 'failed') return !(plain.length === 0 || (plain.length === 1 && plain[0] === 'shards'));
  if (kind === 'status' || kind === 'ok')
    return !(
      plain.length === 0 ||
      (plain.length === 1 && /^(meta|metadata|response|responsestatus|header|result)$/.test(plain[0] ?? ''))
    );
  return kind === 'error' && plain.length > 2;
}

/** Whether a member in these objects is about the rows that are read. */
function belongs(holders: readonly string[], rows: RowSearch, clear: boolean): boolean {
  const way = (rows.path?.lead ?? []).map((step) =>
    typeof step === 'object' && 'name' in step ? step.name : undefined,
  );
  let onWay = true;
  return holders.every((holder, depth) => {
    const sibling = onWay && way[depth] !== undefined && way[depth] !== holder;
    onWay &&= way[depth] === holder;
    if (onWay || isAboutResponse(holder)) return true;
    // Another object beside the one that leads to the rows has pages of its own.
    return clear && !(sibling && depth > 0);
  });
}

const headerNames = /^(x-)?(pagination-|wp-|ms-)?/i;

function headerFindings(headers: IncomingHttpHeaders): readonly Finding[] {
  return Object.keys(headers).flatMap((name): readonly Finding[] => {
    const text = headerText(headers, name) ?? '';
    const place = `the header ${name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())}`;
    if (name === 'content-range') {
      const total = /^\s*[\w-]*\s*(?:\d+-\d+|\*)\/(\d+)\s*$/.exec(text)?.[1];
      return total === undefined || /^bytes/i.test(text.trim()) ? [] : [{ kind: 'total', json: total, place }];
    }
    if (name === 'x-pagination' && text.trim().startsWith('{')) return jsonHeader(text, place);
    const sign = signKind(name.replace(headerNames, ''));
    const ours = name.startsWith('x-') || sign?.clear === true;
    const useful = sign !== undefined && ['more', 'end', 'next', 'total', 'pages'].includes(sign.kind);
    return ours && useful ? [{ kind: sign.kind, json: JSON.stringify(text), place }] : [];
  });
}

function jsonHeader(text: string, place: string): readonly Finding[] {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]): readonly Finding[] => {
    const sign = signKind(name);
    return sign === undefined ? [] : [{ kind: sign.kind, json: JSON.stringify(inner), place: `${name} of ${place}` }];
  });
}

/** What one place says; nothing where it says that all is well. */
function judge(finding: Finding, facts: SignFacts): readonly Said[] {
  const { json, kind, place } = finding;
  const sign = { place };
  const scalar = scalarText(json)?.trim().toLowerCase();
  switch (kind) {
    case 'more':
      return flagOf(scalar) === undefined ? [] : [{ kind: isTrue(json) ? 'more' : 'end', sign }];
    case 'end':
      return flagOf(scalar) === undefined ? [] : [{ kind: isTrue(json) ? 'end' : 'more', sign }];
    case 'last':
      if (scalar === 'true' || scalar === 'false') return [{ kind: scalar === 'true' ? 'end' : 'more', sign }];
      return counted('pages', json, place);
    case 'total':
      return counted('total', json, place);
    case 'pages':
      return counted('pages', json, place);
    case 'page_size':
      return counted('page_size', json, place);
    case 'next':
      return nextOf(finding, facts.url);
    case 'cursor': {
      // A number is as likely where this page begins.
      const isCursor = json.startsWith('"') && !isNothing(scalar) && countOf(json) === undefined;
      return isCursor && facts.items > 0 ? [{ kind: 'lead', sign }] : [];
    }
    case 'links':
      return linksOf(json, place, facts.url);
    case 'error':
      return isEmpty(json) ? [] : [{ kind: 'error', sign: { place, json } }];
    case 'ok':
      return ['false', '0', 'no'].includes(scalar ?? '') ? [{ kind: 'error', sign: { place, json } }] : [];
    case 'status':
      return /^(error|err|fail|failed|failure|ko)$/.test(scalar ?? '')
        ? [{ kind: 'error', sign: { place, json } }]
        : [];
    case 'failed':
      return scalar === 'true' || (countOf(json) ?? 0) > 0 ? [{ kind: 'error', sign: { place, json } }] : [];
  }
}

function flagOf(scalar: string | undefined): boolean | undefined {
  if (scalar === undefined || scalar === 'null') return undefined;
  return /^(true|1|yes)$/.test(scalar) ? true : /^(false|0|no)$/.test(scalar) ? false : undefined;
}

function counted(kind: 'total' | 'pages' | 'page_size', json: string, place: string): readonly Said[] {
  const count = countOf(json);
  return count === undefined ? [] : [{ kind, sign: { place, count } }];
}

/** What leads to the next page: a URL, a cursor or a number; or a flag. */
function nextOf({ json, place }: Finding, base: URL): readonly Said[] {
  const sign = { place };
  if (json.startsWith('{') || json.startsWith('[')) {
    // Its URL or cursor is looked at by itself; other objects are cursors, e.g. of keys.
    const value = parsed(json);
    const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    return names.length === 0 || names.some((name) => isValueOf(name, 'next')) ? [] : [{ kind: 'lead', sign }];
  }
  const scalar = scalarText(json)?.trim().toLowerCase();
  if (json === 'true' || json === 'false') return [{ kind: json === 'true' ? 'more' : 'end', sign }];
  if (isNothing(scalar)) return [{ kind: 'settled', sign }];
  const text = textOf(json)?.trim();
  const isUrl = text !== undefined && /^(https?:\/\/|\/|\?)/i.test(text);
  return [{ kind: 'lead', sign, url: isUrl ? urlOf(text, base) : undefined }];
}

/** Whether a cursor says that there is none. */
function isNothing(scalar: string | undefined): boolean {
  return scalar === undefined || ['', 'null', 'false', '0', '-1', 'none', 'nil', 'undefined', 'lte='].includes(scalar);
}

/** `[{"rel": "next", "href": "…"}]`, as of FHIR, STAC and others. */
function linksOf(json: string, place: string, base: URL): readonly Said[] {
  if (!json.startsWith('[')) return [];
  const links = parsed(json);
  if (!Array.isArray(links)) return [];
  for (const link of links as readonly unknown[]) {
    if (typeof link !== 'object' || link === null) continue;
    const { href, rel, relation, uri, url } = link as Readonly<Record<string, unknown>>;
    if (String(rel ?? relation ?? '').toLowerCase() !== 'next') continue;
    const target = [href, url, uri].find((one) => typeof one === 'string');
    const sign = { place: `${place}[rel=next]` };
    return [{ kind: 'lead', sign, url: typeof target === 'string' ? urlOf(target, base) : undefined }];
  }
  return [];
}

function isEmpty(json: string): boolean {
  const scalar = scalarText(json)?.trim().toLowerCase();
  if (scalar === undefined) return /^(\[\s*\]|\{\s*\})$/.test(json);
  return ['', 'null', 'false', '0', 'no', 'none', 'ok', 'success', '00000', '200'].includes(scalar);
}

function statusSign(status: number): Sign | undefined {
  if (status === 206) return { place: 'status 206 (Partial Content)' };
  return status === 202 ? { place: 'status 202 (Accepted)', says: 'that its result is not ready.' } : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Nothing is said. */
export const noSigns: Signs = {
  more: undefined,
  total: undefined,
  pages: undefined,
  full: undefined,
  error: undefined,
  nextUrl: undefined,
};
