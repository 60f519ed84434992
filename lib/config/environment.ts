import { getProxyForUrl } from 'proxy-from-env';
import type { ProxyFor } from '../proxy-agents.ts';

/** The only place that reads `process.env`; everything else is given what it needs. */
export interface Environment {
  /** Folder for state instead of `.etl/` beside the configuration. */
  readonly home: string | undefined;
  readonly variable: (name: string) => string | undefined;
  /** By `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, also in small letters; undefined where no proxy is set. */
  readonly proxyFor?: ProxyFor | undefined;
}

export function readEnvironment(): Environment {
  const variable = (name: string): string | undefined => process.env[name];
  return { home: variable('ETL_HOME'), variable, proxyFor: proxiesOf(variable) };
}

const proxyNames = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'] as const;

function proxiesOf(variable: Environment['variable']): ProxyFor | undefined {
  const values = proxyNames.flatMap((name) => [variable(name) ?? '', variable(name.toLowerCase()) ?? '']);
  if (values.every((value) => value === '')) return undefined;
  return (url) => {
    const proxy = getProxyForUrl(url);
    if (proxy === '') return undefined;
    // A proxy without a scheme is reached by http, as other programs do, whatever the scheme of the URL.
    const [, rest = ''] = proxy.split('://');
    return values.includes(rest) ? `http://${rest}` : proxy;
  };
}
