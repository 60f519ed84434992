import { type LoadMode, loadModeTraits } from './load-mode.ts';

interface ConditionalSource {
  readonly async?: unknown;
  readonly for_each?: unknown;
  readonly incremental?: { readonly end?: unknown; readonly window?: unknown } | undefined;
  readonly load_mode: LoadMode;
  readonly max_pages?: unknown;
  readonly max_rows?: unknown;
  readonly method: string;
  readonly parent?: unknown;
}

/**
 * Why a source has to be read whether or not it has changed; undefined where an unchanged response has nothing that is not
 * in the table.
 */
export function whyUnconditional(source: ConditionalSource): string | undefined {
  const { incremental, load_mode, method } = source;
  if (method !== 'GET') return `is for requests with method: GET`;
  const many = (['parent', 'for_each', 'async'] as const).find((key) => source[key] !== undefined);
  if (many !== undefined) return `is for a source that is one response, not with ${many}`;
  const partial = (['max_pages', 'max_rows'] as const).find((key) => source[key] !== undefined);
  if (partial !== undefined) return `is for responses that are read as a whole, not with ${partial}`;
  if (incremental?.window !== undefined || incremental?.end !== undefined) {
    return 'is for responses that are read as a whole, not with incremental.window or incremental.end';
  }
  if (incremental === undefined && !loadModeTraits[load_mode].repeatsAreHarmless) {
    return `would keep load_mode: ${load_mode} from adding the rows again; use upsert or replace, or incremental`;
  }
  return undefined;
}
