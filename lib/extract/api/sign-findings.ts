import type { IncomingHttpHeaders } from 'node:http';
import { type EnvelopeMember, envelopePath, type WantMember } from '../json/envelope.ts';
import type { RowSearch } from '../json/row-search.ts';
import { parsed } from './json-value.ts';
import { headerText } from './retry-wait.ts';
import { isAboutResponse, plainName, type SignKind, signKind } from './sign-words.ts';

/** A place of a response whose name says something of the whole. */
export interface Finding {
  readonly kind: SignKind;
  readonly json: string;
  readonly place: string;
  /** It is a member of the response itself, not of an object in it. */
  readonly atRoot?: boolean | undefined;
}

/** Which members of a response are looked at. */
export const wantSign: WantMember = (name, parent) => {
  const sign = signKind(name);
  if (sign === undefined) return isValueOf(name, parent) ? 'plain' : undefined;
  return ['error', 'links', 'next'].includes(sign.kind) ? 'any' : 'plain';
};

/** `value` of `hits.total.value`, `href` of `_links.next.href`: the member says what its parent's name means. */
export function isValueOf(name: string, parent: string | undefined, holder?: string | undefined): boolean {
  if (parent === undefined) return false;
  const kind = signKind(parent)?.kind;
  const plain = plainName(name);
  // Elsewhere a value that is a total may be an amount of money.
  if (kind === 'total') return plain === 'value' && (holder === undefined || plainName(holder) === 'hits');
  return kind === 'next' && ['href', 'url', 'uri', 'link', 'after', 'cursor', 'token'].includes(plain);
}

/** What a member of the body may say, where it is about the rows that are read. */
export function bodyFinding({ json, path }: EnvelopeMember, rows: RowSearch): readonly Finding[] {
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
  return [{ kind: sign.kind, json, place: envelopePath(path), atRoot: path.length === 1 }];
}

/** Words for success and failure further down are about something else, but for the shards of a search. */
function isDeepStatus(kind: SignKind, holders: readonly string[]): boolean {
  const plain = holders.map(plainName);
  if (kind === 'failed') return !(plain.length === 0 || (plain.length === 1 && plain[0] === 'shards'));
  if (kind === 'status' || kind === 'ok' || kind === 'code')
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

/** What the headers may say. */
export function headerFindings(headers: IncomingHttpHeaders): readonly Finding[] {
  return Object.keys(headers).flatMap((name): readonly Finding[] => {
    const text = headerText(headers, name) ?? '';
    const place = `the header ${name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())}`;
    if (name === 'content-range') {
      const total = /^\s*[\w-]*\s*(?:\d+-\d+|\*)\/(\d+)\s*$/.exec(text)?.[1];
      return total === undefined || /^bytes/i.test(text.trim()) ? [] : [{ kind: 'total', json: total, place }];
    }
    if (name === 'x-pagination' && text.trim().startsWith('{')) return jsonHeader(text, place);
    const sign = signKind(name.replace(headerNames, ''));
    const ours = /^(x|pagination)-/.test(name) || sign?.clear === true;
    const useful = sign !== undefined && ['more', 'end', 'next', 'total', 'pages', 'remaining'].includes(sign.kind);
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
