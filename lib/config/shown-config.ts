import { stringify } from 'yaml';
import { ownValue } from '../own-value.ts';
import type { Config } from './config.ts';

/** What stands in the place of a value that may be secret. */
export const hiddenValue = '••••••';

/** Names of fields whose texts nobody should read over a shoulder. */
const secretName =
  /secret|token(?!_url|_params)|passw|api[-_]?key|^key$|authorization|credential|signature|cookie|private|session|webhook/i;

/** Headers whose values say nothing about who asks. */
const openHeaders = /^(accept(-.*)?|content-type|user-agent|prefer|x-api-version)$/i;

type Fields = Readonly<Record<string, unknown>>;

/** A pipeline's configuration as YAML, with what it has of `data_source`; values that may be secret are hidden. */
export function shownPipeline(config: Config, name: string): string | undefined {
  const settings = ownValue(config.pipelines, name);
  if (settings === undefined) return undefined;
  const source = settings.source_type === 'api' ? { data_source: shown(config.data_source) } : {};
  return stringify(withoutEmpty({ ...source, pipelines: { [name]: shown(settings) } }), { lineWidth: 110 });
}

/** A copy in which texts that may be secret are hidden; references to secrets stay, for they name and do not tell. */
function shown(value: unknown, name = '', inHeaders = false): unknown {
  if (Array.isArray(value)) return value.map((one) => shown(one, name, inHeaders));
  if (isFields(value)) {
    if (isReference(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, shown(inner, key, name === 'headers')]),
    );
  }
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  if (inHeaders && !openHeaders.test(name)) return hiddenValue;
  if (secretName.test(name)) return hiddenValue;
  return typeof value === 'string' ? withoutSecretsOfUrl(value) : value;
}

/** User, password and the values of a query may be secrets; an address is shown without them. */
function withoutSecretsOfUrl(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) && !text.includes('?')) return text;
  return text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${hiddenValue}@`)
    .replace(/([?&][^=&#\s]+=)[^&#\s]*/g, `$1${hiddenValue}`);
}

/** A reference to a secret: `{ env: … }` or `{ secret: …, key: … }`. */
function isReference(value: Fields): boolean {
  return /^(env|secret|key,secret)$/.test(Object.keys(value).sort().join());
}

function withoutEmpty(value: unknown): unknown {
  if (!isFields(value)) return value;
  const kept = Object.entries(value)
    .map(([key, inner]) => [key, withoutEmpty(inner)] as const)
    .filter(([, inner]) => inner !== undefined && !(isFields(inner) && Object.keys(inner).length === 0))
    .filter(([, inner]) => !(Array.isArray(inner) && inner.length === 0));
  return Object.fromEntries(kept);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
