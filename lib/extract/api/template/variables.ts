import type { Placeholder } from '../../../config/template.ts';
import type { VariableName } from '../../../config/template-words.ts';
import { ownValue } from '../../../own-value.ts';
import { earlier } from '../../incremental/cursor-value.ts';
import type { Bound, Window } from '../../incremental/window.ts';
import { TemplateValueError } from './template-errors.ts';
import type { ParentFields, TemplateValue } from './template-value.ts';

/** What is known where a request is made. */
export interface TemplateScope {
  /** What an incremental source asks for now. */
  readonly window?: Window | undefined;
  /** When the extraction began; the same in every call of a run. */
  readonly startedAt: Date;
  readonly runId: string;
  /** Environment variables by their names. */
  readonly environment: ReadonlyMap<string, string>;
  /** Secrets by the names that the configuration gives them. */
  readonly secrets?: ReadonlyMap<string, string> | undefined;
  /** Fields of the parent; of parents further up their names begin with `parent.`. */
  readonly parent?: ParentFields | undefined;
  /** Values of a batch by the member's name, each as JSON; `''` where the placeholder has none. */
  readonly batch?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Fields of the response that started a job, as JSON. */
  readonly job?: ParentFields | undefined;
  readonly page?: PageScope | undefined;
}

/** Which page is asked for. */
export interface PageScope {
  readonly page?: number | undefined;
  readonly offset?: number | undefined;
  readonly limit?: number | undefined;
  /** As JSON. */
  readonly cursor?: string | undefined;
}

type Read = (scope: TemplateScope, placeholder: Placeholder) => TemplateValue | undefined;

/** One entry for each variable. Undefined: nothing stands for it, as for the cursor of the first page. */
const variables: { readonly [V in VariableName]: Read } = {
  watermark: ({ window }, placeholder) => bound(window?.start, window, placeholder),
  window: ({ window }, placeholder) =>
    bound(placeholder.member === 'start' ? window?.start : window?.end, window, placeholder),
  now: ({ startedAt, window }, { shift }) => {
    const nanoseconds = (BigInt(startedAt.getTime()) + BigInt(shift) * 1_000n) * 1_000_000n;
    const text = new Date(startedAt.getTime() + shift * 1_000).toISOString().replace(/\.\d+Z$/, 'Z');
    const zone = window?.kind.zone ?? 'UTC';
    return { kind: 'time', nanoseconds, digits: 0, rounding: 'down', zone, written: () => ({ text, numeric: false }) };
  },
  run: ({ runId }) => ({ kind: 'plain', json: JSON.stringify(runId) }),
  page: ({ page }, { shift }) => count(page?.page, shift),
  offset: ({ page }, { shift }) => count(page?.offset, shift),
  limit: ({ page }) => count(page?.limit, 0),
  cursor: ({ page }) => (page?.cursor === undefined ? undefined : { kind: 'plain', json: page.cursor }),
  parent: ({ parent }, { member = '', text }) => {
    const json = ownValue(parent ?? {}, member);
    if (json === undefined) throw new TemplateValueError(text, 'is not known');
    return { kind: 'plain', json };
  },
  batch: ({ batch }, { member = '', text }) => {
    const items = ownValue(batch ?? {}, member);
    if (items === undefined) throw new TemplateValueError(text, 'is not known');
    return { kind: 'list', items };
  },
  job: ({ job }, { member = '', text }) => {
    const json = ownValue(job ?? {}, member);
    if (json === undefined) throw new TemplateValueError(text, 'is not known');
    return { kind: 'plain', json };
  },
  secret: ({ secrets }, { member = '', text }) => {
    const value = secrets?.get(member);
    if (value === undefined) throw new TemplateValueError(text, 'is not known; name it in secrets');
    return { kind: 'plain', json: JSON.stringify(value) };
  },
  env: ({ environment }, { member = '' }) => ({ kind: 'plain', json: JSON.stringify(environment.get(member) ?? '') }),
};

/** What stands for a placeholder now. */
export function standsFor(scope: TemplateScope, placeholder: Placeholder): TemplateValue | undefined {
  return variables[placeholder.name](scope, placeholder);
}

function bound(from: Bound | undefined, window: Window | undefined, { shift, text }: Placeholder): TemplateValue {
  if (from === undefined || window === undefined) {
    throw new TemplateValueError(text, 'is not known yet; set incremental.initial_value');
  }
  const value = shift === 0 ? from.value : earlier(from.value, -shift, window.kind);
  if (typeof value.order === 'string' || value.type === 'number') {
    if (shift !== 0) throw new TemplateValueError(text, 'is no time, so no time can be added to it');
    return { kind: 'plain', json: value.quoted ? JSON.stringify(value.text) : value.text };
  }
  const written = shift === 0 ? from.written : () => ({ text: value.text, numeric: false });
  const digits = /:\d{2}[.,](\d{1,9})/.exec(value.text)?.[1]?.length ?? 0;
  return { kind: 'time', nanoseconds: value.order, digits, rounding: from.rounding, zone: window.kind.zone, written };
}

function count(value: number | undefined, shift: number): TemplateValue | undefined {
  return value === undefined ? undefined : { kind: 'plain', json: String(value + shift) };
}
