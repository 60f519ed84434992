import type { IncomingHttpHeaders } from 'node:http';
import type { EnvelopeMember } from '../json/envelope.ts';
import type { RowSearch } from '../json/row-search.ts';
import { countOf, isTrue, parsed, scalarText, textOf, urlOf } from './json-value.ts';
import { linkTarget } from './link-header.ts';
import { bodyFinding, type Finding, headerFindings, isValueOf } from './sign-findings.ts';
import { isPageSizeParameter } from './sign-words.ts';

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
  /** Where it has that URL. */
  readonly nextUrlPlace: string | undefined;
  /** A cursor of the next page, as JSON. */
  readonly lead: Sign | undefined;
  /** A flag that says that there is more, or by `says: end` whether this is the last page. */
  readonly flag: Sign | undefined;
  /** Which page this is, as numbers. */
  readonly positions: readonly Sign[];
  /** How many items a page has. */
  readonly pageSize: Sign | undefined;
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
  const leading = said.find(({ kind, sign, url }) => kind === 'lead' && url === undefined && sign.json !== undefined);
  const beside = flag === undefined ? undefined : said.find(({ kind }) => kind === 'end_cursor');
  const flagged = said.find(({ flag: asked }) => asked !== undefined);
  return {
    more: flag ?? lead,
    total,
    pages,
    full,
    error: first('error'),
    nextUrl,
    nextUrlPlace: link !== undefined ? linkSign.place : said.find(({ url }) => url !== undefined)?.sign.place,
    lead: ended ? undefined : (leading ?? beside)?.sign,
    flag: flagged === undefined ? undefined : { ...flagged.sign, says: flagged.flag },
    positions: said.filter(({ kind }) => kind === 'position').map(({ sign }) => sign),
    pageSize: first('page_size'),
  };
}

/** A page that is exactly as long as the response or the request says a page may be. */
function fullPage(said: readonly Said[], { items, url }: SignFacts): Sign | undefined {
  if (items === 0) return undefined;
  const inBody = said.find(({ kind, sign }) => kind === 'page_size' && sign.count === items)?.sign;
  const asked = [...url.searchParams].find(([name, value]) => isPageSizeParameter(name) && Number(value) === items);
  return inBody ?? (asked === undefined ? undefined : { place: `the parameter ${asked[0]}`, count: items });
}

const linkSign: Sign = { place: 'the header Link' };

interface Said {
  /** `settled`: it is said that there is no next page at this place, which others may contradict. */
  readonly kind:
    | 'more'
    | 'end'
    | 'settled'
    | 'lead'
    | 'total'
    | 'pages'
    | 'page_size'
    | 'position'
    | 'end_cursor'
    | 'error';
  readonly sign: Sign;
  /** Of a flag of the body: whether it is true where there is more, or where there is not. */
  readonly flag?: 'more' | 'end' | undefined;
  readonly url?: string | undefined;
}

/** What one place says; nothing where it says that all is well. */
function judge(finding: Finding, facts: SignFacts): readonly Said[] {
  const { json, kind, place } = finding;
  const sign = { place };
  const scalar = scalarText(json)?.trim().toLowerCase();
  switch (kind) {
    case 'more':
      return flagOf(scalar) === undefined ? [] : [{ kind: isTrue(json) ? 'more' : 'end', sign, flag: 'more' }];
    case 'end':
      return flagOf(scalar) === undefined ? [] : [{ kind: isTrue(json) ? 'end' : 'more', sign, flag: 'end' }];
    case 'last':
      if (scalar === 'true' || scalar === 'false') {
        return [{ kind: scalar === 'true' ? 'end' : 'more', sign, flag: 'end' }];
      }
      return counted('pages', json, place);
    case 'end_cursor':
      return isNothing(scalar) ? [] : [{ kind: 'end_cursor', sign: { place, json } }];
    case 'position':
      return counted('position', json, place);
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
      if (isCursor && facts.items > 0) return [{ kind: 'lead', sign: { place, json } }];
      return counted('position', json, place);
    }
    case 'links':
      return linksOf(json, place, facts.url);
    case 'error':
      return isEmpty(json) ? [] : [{ kind: 'error', sign: { place, json } }];
    case 'ok':
      return ['false', '0', 'no'].includes(scalar ?? '') ? [{ kind: 'error', sign: { place, json } }] : [];
    case 'status':
      return isErrorWord(scalar ?? '') || isErrorNumber(scalar) ? [{ kind: 'error', sign: { place, json } }] : [];
    case 'code':
      return isErrorNumber(scalar) && (facts.items === 0 || !finding.atRoot)
        ? [{ kind: 'error', sign: { place, json } }]
        : [];
    case 'cut':
      return isNothing(scalar) ? [] : [{ kind: 'more', sign: { place, json } }];
    case 'remaining':
      return countOf(json) === undefined ? [] : [{ kind: (countOf(json) ?? 0) > 0 ? 'more' : 'end', sign }];
    case 'failed':
      return scalar === 'true' || (countOf(json) ?? 0) > 0 ? [{ kind: 'error', sign: { place, json } }] : [];
  }
}

/** Words of APIs for a request that they did not fulfil, e.g. `REQUEST_DENIED`; an order may be `rejected` or `expired`. */
const errorWord =
  /^(error|err|fail|failed|failure|ko|denied|forbidden|unauthori[sz]ed|unauthenticated|throttled)$|(^|_)(errors?|denied|exhausted|over_\w*limit|limit_exceeded|rate_limited|invalid_(request|key|token|query|argument|parameters?))(_|$)/;

function isErrorWord(scalar: string): boolean {
  return errorWord.test(scalar.replaceAll(/[\s-]+/g, '_'));
}

/** Whether HTTP has this number for errors. */
function isErrorNumber(scalar: string | undefined): boolean {
  return /^[45]\d\d$/.test(scalar ?? '');
}

function flagOf(scalar: string | undefined): boolean | undefined {
  if (scalar === undefined || scalar === 'null') return undefined;
  return /^(true|1|yes)$/.test(scalar) ? true : /^(false|0|no)$/.test(scalar) ? false : undefined;
}

function counted(kind: 'total' | 'pages' | 'page_size' | 'position', json: string, place: string): readonly Said[] {
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
    return names.length === 0 || names.some((name) => isValueOf(name, 'next'))
      ? []
      : [{ kind: 'lead', sign: { place, json } }];
  }
  const scalar = scalarText(json)?.trim().toLowerCase();
  if (json === 'true' || json === 'false') return [{ kind: json === 'true' ? 'more' : 'end', sign }];
  if (isNothing(scalar)) return [{ kind: 'settled', sign }];
  const text = textOf(json)?.trim();
  const isUrl = text !== undefined && /^(https?:\/\/|\/|\?)/i.test(text);
  return [{ kind: 'lead', sign: { place, json }, url: isUrl ? urlOf(text, base) : undefined }];
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
  return ['', 'null', 'false', '0', 'no', 'none', 'ok', 'success', '200'].includes(scalar) || /^0+$/.test(scalar);
}

function statusSign(status: number): Sign | undefined {
  if (status === 206) return { place: 'status 206 (Partial Content)' };
  return status === 202 ? { place: 'status 202 (Accepted)', says: 'that its result is not ready.' } : undefined;
}

/** Nothing is said. */
export const noSigns: Signs = {
  more: undefined,
  total: undefined,
  pages: undefined,
  full: undefined,
  error: undefined,
  nextUrl: undefined,
  nextUrlPlace: undefined,
  lead: undefined,
  flag: undefined,
  positions: [],
  pageSize: undefined,
};
