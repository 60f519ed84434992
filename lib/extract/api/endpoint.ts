import { parseTemplate } from '../../config/template.ts';
import { InvalidEndpointError } from './errors.ts';

/** An endpoint of which no placeholder is filled, e.g. to know its origin. */
export function blankTemplate(endpoint: string): string {
  return parseTemplate(endpoint)
    .map((part) => (typeof part === 'string' ? part : part.text))
    .join('');
}

/** `base_url/endpoint`; an endpoint that is a whole URL stands for itself. A query in either is kept. */
export function endpointUrl(baseUrl: string | undefined, endpoint: string): URL {
  if (/^https?:\/\//i.test(endpoint)) {
    if (!URL.canParse(endpoint)) throw new InvalidEndpointError(endpoint, 'Check its spelling.');
    return new URL(endpoint);
  }
  if (baseUrl === undefined) throw new InvalidEndpointError(endpoint, 'Set data_source.base_url, or give a whole URL.');
  const base = new URL(baseUrl);
  const [path = '', query] = split(endpoint);
  const url = new URL(base);
  url.hash = '';
  url.pathname = path === '' ? base.pathname : `${base.pathname.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
  for (const [name, value] of new URLSearchParams(query)) url.searchParams.append(name, value);
  return url;
}

function split(endpoint: string): readonly (string | undefined)[] {
  const at = endpoint.indexOf('?');
  return at === -1 ? [endpoint] : [endpoint.slice(0, at), endpoint.slice(at + 1)];
}
