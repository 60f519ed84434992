import { nearest } from '../nearest.ts';
import { cursorFormatProblem } from './cursor-format.ts';
import { durationSeconds } from './duration.ts';
import {
  type FormatName,
  isFormat,
  isVariable,
  templateFormats,
  templateVariables,
  type VariableName,
} from './template-words.ts';

/** A `{…}` of a template: what stands for it is known when a request is made. */
export interface Placeholder {
  /** As it is written, with its braces. */
  readonly text: string;
  readonly name: VariableName;
  /** Behind the dot, e.g. `id` of `{parent.id}`. */
  readonly member: string | undefined;
  /** What is added: seconds of a time, or a number. */
  readonly shift: number;
  /** A name of the registry, or directives of strptime. */
  readonly format: FormatName | { readonly directives: string } | undefined;
  /** Of `{batch:50}`. */
  readonly size: number | undefined;
}

export type TemplatePart = string | Placeholder;

/** Why a `{…}` means nothing. The configuration's check says it with its place. */
export class TemplateProblem extends Error {
  override readonly name = 'TemplateProblem';
}

/** `{{name}}`, which stands for the text `{name}`; and `{name…}` without a blank behind the brace. */
const braces = /\{\{([A-Za-z_][^{}]*)\}\}|\{([A-Za-z_][^{}]*)\}/g;

/**
 * Reads a template. Braces that no name follows at once are text, as in `{ users { id } }` and in JSON.
 *
 * @throws {TemplateProblem} when a placeholder is unknown or cannot be written so
 */
export function parseTemplate(text: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let from = 0;
  for (const match of text.matchAll(braces)) {
    const [whole, escaped, inner = ''] = match;
    const part = escaped === undefined ? placeholder(whole, inner) : `{${escaped}}`;
    if (part === undefined) continue;
    parts.push(text.slice(from, match.index), part);
    from = match.index + whole.length;
  }
  return [...parts, text.slice(from)].filter((part) => part !== '');
}

/** The placeholders of a template that has been checked. */
export function placeholdersOf(text: string): readonly Placeholder[] {
  return parseTemplate(text).filter((part) => typeof part !== 'string');
}

/** Undefined where the braces are those of another language. */
function placeholder(text: string, inner: string): Placeholder | undefined {
  const name = /^[A-Za-z_]\w*/.exec(inner)?.[0] ?? '';
  if (!isVariable(name)) {
    if (/[\s,"'()]/.test(inner)) return undefined;
    const meant = nearest(name, Object.keys(templateVariables));
    throw new TemplateProblem(
      `has the unknown placeholder ${text}${meant === undefined ? '' : `; did you mean {${meant}}?`} Known are ${Object.keys(templateVariables).join(', ')}; a brace that is text is written with a blank behind it, or as {${text}}`,
    );
  }
  const rest = inner.slice(name.length);
  if (/^\s/.test(rest)) return undefined;
  const { member, tail } = memberOf(text, name, rest);
  const [, shiftText = '', formatText] = /^([+-][^:]*)?(?::(.*))?$/s.exec(tail) ?? refuse(text, 'cannot be read');
  const isBatch = templateVariables[name].value === 'list';
  const size = isBatch && formatText !== undefined ? batchSize(text, formatText) : undefined;
  return {
    text,
    name,
    member,
    shift: shiftOf(text, name, shiftText),
    format: formatText === undefined || isBatch ? undefined : formatOf(text, name, formatText),
    size,
  };
}

/** The member, and what follows it. */
function memberOf(text: string, name: VariableName, rest: string): { member: string | undefined; tail: string } {
  const { member: wanted } = templateVariables[name];
  if (!rest.startsWith('.')) {
    if (wanted === 'none' || wanted === 'optional') return { member: undefined, tail: rest };
    const example = wanted === 'any' ? 'id' : (wanted[0] ?? '');
    return refuse(text, `needs a name behind a dot, e.g. {${name}.${example}}`);
  }
  if (wanted === 'none') return refuse(text, 'has nothing behind a dot');
  const colon = rest.lastIndexOf(':');
  const behind = rest.slice(colon + 1);
  // A JSONPath may have colons of its own, in quotes.
  const isEnd = colon !== -1 && (!rest.startsWith('.$') || isFormat(behind) || /^\d+$/.test(behind));
  const whole = isEnd ? rest.slice(1, colon) : rest.slice(1);
  const tail = isEnd ? rest.slice(colon) : '';
  if (whole === '') return refuse(text, 'has no name behind the dot');
  if (wanted === 'any' || wanted === 'optional') return { member: whole, tail };
  const [, member = '', more = ''] = /^(\w+)(.*)$/s.exec(whole) ?? [];
  if (!(wanted as readonly string[]).includes(member))
    return refuse(text, `has only ${wanted.join(' and ')} behind the dot`);
  return { member, tail: more + tail };
}

function shiftOf(text: string, name: VariableName, written: string): number {
  if (written === '') return 0;
  const { shift } = templateVariables[name];
  const sign = written.startsWith('-') ? -1 : 1;
  const amount = written.slice(1).trim();
  const value =
    shift === 'duration'
      ? durationSeconds(amount)
      : shift === 'number' && /^\d{1,9}$/.test(amount)
        ? +amount
        : undefined;
  if (value !== undefined) return sign * value;
  if (shift === 'none') return refuse(text, 'can have nothing added or taken away');
  return refuse(
    text,
    shift === 'duration' ? 'needs a length of time, e.g. {now-3d}' : 'needs a number, e.g. {offset+1}',
  );
}

function formatOf(text: string, name: VariableName, written: string): Placeholder['format'] {
  const isTime = templateVariables[name].value === 'time';
  if (written.includes('%')) {
    const problem = cursorFormatProblem(written);
    if (!isTime) return refuse(text, 'is no time, so it has no directives of strptime');
    if (problem !== undefined && !problem.startsWith('needs')) return refuse(text, `has a format that ${problem}`);
    return { directives: written };
  }
  const known = Object.keys(templateFormats).filter(
    (format) => isFormat(format) && (isTime || templateFormats[format].of === 'any'),
  );
  if (isFormat(written) && known.includes(written)) return written;
  const meant = nearest(written, known);
  const hint = meant === undefined ? '' : `; did you mean {${name}:${meant}}?`;
  return refuse(text, `has the unknown format "${written}"${hint} Known here are ${known.join(', ')}`);
}

function batchSize(text: string, written: string): number {
  const size = /^\d{1,6}$/.test(written) ? Number(written) : 0;
  return size > 0 ? size : refuse(text, 'needs the number of values of a batch, e.g. {batch:50}');
}

function refuse(text: string, problem: string): never {
  throw new TemplateProblem(`has the placeholder ${text}, which ${problem}`);
}
