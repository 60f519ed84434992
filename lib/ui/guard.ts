import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { html } from 'hono/html';

/** Why a request was refused. */
export type Refusal = 'host' | 'origin' | 'token' | 'csrf';

/** Headers of every answer: nothing comes from elsewhere, nothing is kept, and no other page can hold or read this one. */
const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

/** Who may ask: browsers that have opened a link of this process, under this machine's own names. */
export class Guard {
  /** Of links that nobody has opened yet. */
  readonly #tokens = new Set<string>();
  readonly #session = secret();
  readonly #csrf = secret();
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** A link that opens the page once, for one browser. */
  newLink(): string {
    const token = secret();
    this.#tokens.add(token);
    return `http://127.0.0.1:${this.#port}/?token=${token}`;
  }

  /** What a form that acts sends along. */
  get csrf(): string {
    return this.#csrf;
  }

  /** Refuses what no browser of the page's owner sends, and lets a link in. @param refuse  makes the answer */
  middleware(refuse: (context: Context, why: Refusal) => Response | Promise<Response>): MiddlewareHandler {
    return async (context, next) => {
      for (const [name, value] of Object.entries(headers)) context.header(name, value);
      if (!this.#isOwnHost(context.req.header('host'))) return await refuse(context, 'host');
      if (context.req.path.startsWith('/assets/')) return await next();
      const { method } = context.req;
      const origin = context.req.header('origin');
      const site = context.req.header('sec-fetch-site');
      const foreign =
        (origin !== undefined && !this.#isOwnOrigin(origin)) || site === 'cross-site' || site === 'same-site';
      const acts = method !== 'GET' && method !== 'HEAD';
      if (foreign && (acts || origin !== undefined)) return await refuse(context, 'origin');
      if (acts && origin === undefined) return await refuse(context, 'origin');
      const token = context.req.query('token');
      if (!acts && token !== undefined && this.#take(token)) return this.#welcome(context);
      if (!equal(getCookie(context, this.#cookie) ?? '', this.#session)) return await refuse(context, 'token');
      if (acts) {
        const { csrf } = await context.req.parseBody();
        if (typeof csrf !== 'string' || !equal(csrf, this.#csrf)) return await refuse(context, 'csrf');
      }
      await next();
    };
  }

  /** Cookies do not know ports: each process has its own name. */
  get #cookie(): string {
    return `etl_ui_${this.#port}`;
  }

  #isOwnHost(host: string | undefined): boolean {
    return [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`, `[::1]:${this.#port}`].includes(host ?? '');
  }

  #isOwnOrigin(origin: string): boolean {
    return origin.startsWith('http://') && this.#isOwnHost(origin.slice('http://'.length));
  }

  #take(token: string): boolean {
    for (const known of this.#tokens) {
      if (!equal(token, known)) continue;
      this.#tokens.delete(known);
      return true;
    }
    return false;
  }

  /**
   * Sets the cookie and goes on to the page by a page of its own: a browser that came from another site's link does not
   * send a strict cookie along a redirect.
   */
  #welcome(context: Context): Response | Promise<Response> {
    setCookie(context, this.#cookie, this.#session, { httpOnly: true, sameSite: 'Strict', path: '/' });
    return context.html(
      html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>dsql-etl</title><link rel="icon" href="data:,"><meta http-equiv="refresh" content="0;url=/"></head><body><p><a href="/">dsql-etl</a></p></body></html>`,
    );
  }
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares in the same time whatever the texts. */
function equal(one: string, other: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}
