import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { Agent, type AgentConnectOpts } from 'agent-base';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { TerminalError } from './errors.ts';

/** The proxy that requests to a URL go through; undefined where they go directly. */
export type ProxyFor = (url: string) => string | undefined;

/** A proxy does not let a request through; nothing was sent to where it was to go. */
export class ProxyRefusedError extends TerminalError {
  override readonly name = 'ProxyRefusedError';
  readonly code = 'proxy_refused';

  constructor(proxy: string, host: string, status: number) {
    super(
      `The proxy ${proxyShown(proxy)} does not connect to ${host}: it answered ${status}. ` +
        (status === 407
          ? 'It wants a name and a password: HTTPS_PROXY=http://name:password@host:port.'
          : 'Have it allowed there, or list the host in NO_PROXY.'),
    );
  }
}

/** A proxy could not reach where a request was to go; `code` is as of a fault of the network. */
export class ProxyFailedError extends Error {
  override readonly name = 'ProxyFailedError';
  readonly code = 'EPROXY';

  constructor(proxy: string, host: string, status: number) {
    super(`The proxy ${proxyShown(proxy)} could not reach ${host}: it answered ${status}`);
  }
}

/** A proxy did not answer; `code` is as of a fault of the network. */
export class ProxySilentError extends Error {
  override readonly name = 'ProxySilentError';
  readonly code = 'EPROXY';

  constructor(proxy: string, ms: number) {
    super(`The proxy ${proxyShown(proxy)} did not answer for ${ms / 1_000} s`);
  }
}

/** A proxy's address without name and password. */
export function proxyShown(proxy: string): string {
  return URL.canParse(proxy) ? new URL(proxy).origin : 'of the environment';
}

export interface AgentSettings {
  readonly keepAlive: boolean;
  /** Connections at once to one host. */
  readonly maxSockets: number;
  /** How long a proxy may take to connect; 30 s when left out. */
  readonly proxyMs?: number | undefined;
}

const defaultProxyMs = 30_000;

/** Agents of one user, each with connections that go directly, or through one proxy. */
export class Agents {
  readonly #proxyFor: ProxyFor | undefined;
  readonly #settings: AgentSettings;
  readonly #opened = new Map<string, http.Agent>();
  /** Ends connections to proxies that have not been answered, which no agent knows yet. */
  readonly #opening = new AbortController();

  /** @param proxyFor  undefined where everything goes directly */
  constructor(proxyFor: ProxyFor | undefined, settings: AgentSettings) {
    this.#proxyFor = proxyFor;
    this.#settings = settings;
  }

  /** The proxy of a URL; undefined where it is reached directly. */
  proxyOf(url: URL): string | undefined {
    return this.#proxyFor?.(url.href);
  }

  /** For a request to a URL: https by CONNECT, so that TLS has its ends here and at the host. */
  agentFor(url: URL, keepAlive: boolean = this.#settings.keepAlive): http.Agent {
    const secure = url.protocol === 'https:';
    const proxy = this.proxyOf(url);
    const key = `${url.protocol} ${keepAlive} ${proxy ?? ''}`;
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    const { maxSockets, proxyMs = defaultProxyMs } = this.#settings;
    const settings = { keepAlive, maxSockets };
    const through = { ...settings, signal: this.#opening.signal };
    const agent =
      proxy === undefined
        ? new (secure ? https.Agent : http.Agent)(settings)
        : secure
          ? new TunnelAgent(proxy, through, proxyMs)
          : new HttpProxyAgent(proxy, through);
    this.#opened.set(key, agent);
    return agent;
  }

  destroy(): void {
    this.#opening.abort();
    for (const agent of this.#opened.values()) agent.destroy();
  }
}

/** An agent that chooses for each request, for clients that take one agent for all they ask. */
export class ChoosingAgent extends Agent {
  readonly #agents: Agents;

  constructor(proxyFor: ProxyFor, maxSockets: number) {
    super();
    this.#agents = new Agents(proxyFor, { keepAlive: true, maxSockets });
  }

  connect(_: ClientRequest, { host = 'localhost', port, secureEndpoint }: AgentConnectOpts): http.Agent {
    const url = new URL(`${secureEndpoint ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`);
    // Behind a choice the head of a plain request is written already, and only a new connection to a proxy rewrites it.
    return this.#agents.agentFor(url, secureEndpoint || this.#agents.proxyOf(url) === undefined);
  }

  override destroy(): void {
    this.#agents.destroy();
    super.destroy();
  }
}

type TunnelSettings = Pick<AgentSettings, 'keepAlive' | 'maxSockets'> & { readonly signal: AbortSignal };

/** Has its proxy connect to the host, which may take so long. */
class TunnelAgent extends HttpsProxyAgent<string> {
  readonly #proxyMs: number;

  constructor(proxy: string, settings: TunnelSettings, proxyMs: number) {
    super(proxy, settings);
    this.#proxyMs = proxyMs;
    // An answer of the proxy itself would be taken for one of the host otherwise, body and all.
    this.on('proxyConnect', ({ statusCode: status }: { readonly statusCode: number }, request: ClientRequest) => {
      if (status === 200) return;
      const { host } = request;
      request.destroy(
        status >= 500 ? new ProxyFailedError(proxy, host, status) : new ProxyRefusedError(proxy, host, status),
      );
    });
  }

  override async connect(request: ClientRequest, options: AgentConnectOpts): Promise<Socket> {
    let timer: NodeJS.Timeout | undefined;
    const silent = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new ProxySilentError(this.proxy.href, this.#proxyMs)), this.#proxyMs);
    });
    try {
      return await Promise.race([super.connect(request, options), silent]);
    } finally {
      clearTimeout(timer);
    }
  }
}
