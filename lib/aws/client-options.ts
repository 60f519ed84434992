import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { readEnvironment } from '../config/environment.ts';
import { ChoosingAgent, type ProxyFor } from '../proxy-agents.ts';

/** Connections at once to one host, as the SDK has it by default. */
const maxSockets = 50;

/** How a client of the SDK reaches AWS. */
export interface ClientOptions {
  readonly requestHandler?: { readonly httpAgent: ChoosingAgent; readonly httpsAgent: ChoosingAgent };
}

/** Options for clients of the SDK: through the environment's proxies, where there are any. */
export function clientOptions(proxyFor: ProxyFor | undefined = readEnvironment().proxyFor): ClientOptions {
  if (proxyFor === undefined) return {};
  const agent = new ChoosingAgent(proxyFor, maxSockets);
  return { requestHandler: { httpAgent: agent, httpsAgent: agent } };
}

/** The default chain of credentials, whose own calls (STS, SSO) go through the environment's proxies too. */
export function defaultCredentials(proxyFor?: ProxyFor): ReturnType<typeof defaultProvider> {
  return defaultProvider({ clientConfig: clientOptions(proxyFor) });
}
