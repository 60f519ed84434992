import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { readEnvironment } from '../config/environment.ts';
import { ChoosingAgent, type ProxyFor } from '../proxy-agents.ts';

/** Connections at once to one host, as the SDK has it by default. */
const maxSockets = 50;

/**
 * A connection that is not made, or over which no byte comes or goes, for so long is given up, and the SDK tries again. By
 * default the SDK waits without end for S3, and 5 to 15 minutes for other services: as long as a function has.
 */
const patience = { connectionTimeout: 10_000, socketTimeout: 60_000 };

/** How a client of the SDK reaches AWS. */
export interface ClientOptions {
  readonly requestHandler: {
    /** ms */
    readonly connectionTimeout: number;
    /** ms */
    readonly socketTimeout: number;
    readonly httpAgent?: ChoosingAgent;
    readonly httpsAgent?: ChoosingAgent;
  };
}

/** Options for clients of the SDK: through the environment's proxies, where there are any. */
export function clientOptions(
  proxyFor: ProxyFor | undefined = readEnvironment().proxyFor,
  { connectionTimeout, socketTimeout } = patience,
): ClientOptions {
  if (proxyFor === undefined) return { requestHandler: { connectionTimeout, socketTimeout } };
  const agent = new ChoosingAgent(proxyFor, maxSockets);
  return { requestHandler: { connectionTimeout, socketTimeout, httpAgent: agent, httpsAgent: agent } };
}

/** The default chain of credentials, whose own calls (STS, SSO) go through the environment's proxies too. */
export function defaultCredentials(proxyFor?: ProxyFor): ReturnType<typeof defaultProvider> {
  return defaultProvider({ clientConfig: clientOptions(proxyFor) });
}
