import type { ApiSettings } from '../../config/pipeline.ts';
import type { SecretReference } from '../../config/secret.ts';
import { placeholdersOf } from '../../config/template.ts';
import type { ExtractRequest } from '../request.ts';
import { blankTemplate, endpointUrl } from './endpoint.ts';

type Reached = Pick<ExtractRequest, 'pipeline'>;

/** The URL that a pipeline asks, with its placeholders as they are written; for people, and for its origin. */
export function shownUrl({ pipeline }: Reached, { endpoint, params }: ApiSettings): URL {
  const url = endpointUrl(pipeline.dataSource.base_url, blankTemplate(endpoint));
  for (const [name, value] of Object.entries(params)) {
    if (typeof value !== 'object') url.searchParams.set(name, String(value));
  }
  return url;
}

/** What data_source says belongs to base_url; an endpoint that is a URL somewhere else has nothing of it. */
export function isSharedOrigin(request: Reached, settings: ApiSettings): boolean {
  const { base_url } = request.pipeline.dataSource;
  return base_url === undefined || new URL(base_url).origin === shownUrl(request, settings).origin;
}

/** Headers of every request by their names in lower case: what the pipeline says wins over what `data_source` says. */
export function requestHeaders(
  request: Reached,
  settings: ApiSettings,
): Readonly<Record<string, string | SecretReference>> {
  const shared = isSharedOrigin(request, settings) ? request.pipeline.dataSource.headers : {};
  const headers = new Map<string, string | SecretReference>();
  for (const [name, value] of [...Object.entries(shared), ...Object.entries(settings.headers)]) {
    headers.set(name.toLowerCase(), value);
  }
  return Object.fromEntries(headers);
}

/** Of these, those that are the same whatever row and page is asked for, as any other endpoint may be sent them. */
export function commonHeaders(
  request: Reached,
  settings: ApiSettings,
): Readonly<Record<string, string | SecretReference>> {
  const isCommon = (value: unknown): boolean =>
    typeof value !== 'string' ||
    placeholdersOf(value).every(({ name }) => ['now', 'run', 'env', 'secret'].includes(name));
  return Object.fromEntries(Object.entries(requestHeaders(request, settings)).filter(([, value]) => isCommon(value)));
}
