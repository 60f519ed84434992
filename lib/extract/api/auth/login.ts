import { parseJsonPath } from '../../../config/json-path.ts';
import type { AuthOf } from '../../../config/source-auth.ts';
import { fieldReader } from '../../json/field-reader.ts';
import { JsonSyntaxError } from '../../json/json-syntax-error.ts';
import { LoginRefusedError } from '../errors.ts';
import { excerptOf } from '../excerpt.ts';
import { scalarText } from '../json-value.ts';
import { jsonText, setOwn } from '../raw-json.ts';
import { headerText } from '../retry-wait.ts';
import { type Authorization, type AuthorizerParts, resolved, resolvedMembers } from './authorizer.ts';
import { expiryOf, TokenAuthorizer } from './token-authorizer.ts';
import { askForToken, type TokenAnswer, type TokenRequest } from './token-request.ts';

type Login = AuthOf<'login'>;

/** Sessions: what the answer of a login says is sent with each request. */
export function loginAuthorizer(auth: Login, parts: AuthorizerParts): TokenAuthorizer {
  return new TokenAuthorizer(
    parts.clock,
    async () => {
      const askedAt = parts.clock.now().getTime();
      const answer = await askForToken(() => loginRequest(auth, parts), parts);
      return {
        authorization: sessionOf(auth, answer, parts),
        expiresAt: expiryOf(askedAt, auth.lifetime_seconds),
      };
    },
    auth.expired_statuses,
  );
}

async function loginRequest(auth: Login, parts: AuthorizerParts): Promise<TokenRequest> {
  const { redactor, resolveSecret } = parts;
  const headers: Record<string, string> = {};
  for (const [name, value] of await resolvedMembers(auth.headers, parts)) headers[name.toLowerCase()] = value;
  if (auth.username !== undefined && auth.password !== undefined) {
    const name = await resolved(auth.username, resolveSecret, redactor);
    const pair = Buffer.from(`${name}:${await resolved(auth.password, resolveSecret, redactor)}`).toString('base64');
    redactor.learn(pair);
    headers.authorization = `Basic ${pair}`;
  }
  let body: string | undefined;
  if (auth.body !== undefined) {
    headers['content-type'] ??= 'application/json';
    body = jsonText(nested(await resolvedMembers(auth.body, parts)));
  } else if (auth.form !== undefined) {
    headers['content-type'] ??= 'application/x-www-form-urlencoded';
    const form = new URLSearchParams();
    for (const [name, value] of await resolvedMembers(auth.form, parts)) form.set(name, String(value));
    body = form.toString();
  }
  return { method: auth.method, url: new URL(auth.login_url), headers, body };
}

function nested(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [name, value] of values) {
    const steps = name.split('.');
    let object = root;
    for (const step of steps.slice(0, -1)) {
      const inner = Object.hasOwn(object, step) ? object[step] : undefined;
      const next = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {};
      setOwn(object, step, next);
      object = next;
    }
    setOwn(object, steps.at(-1) ?? name, value);
  }
  return root;
}

/** @throws {LoginRefusedError} when the answer has no token, or no cookie */
function sessionOf(auth: Login, answer: TokenAnswer, { redactor }: AuthorizerParts): Authorization {
  const shown = redactor.url(new URL(auth.login_url));
  const headers: Record<string, string> = {};
  const query: Record<string, string> = {};
  if (auth.cookies === true) {
    const cookies = cookiesOf(answer);
    if (cookies.size === 0) throw new LoginRefusedError(shown, 'its response sets no cookie');
    for (const value of cookies.values()) redactor.learn(value);
    headers.cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }
  if (auth.token_path !== undefined || auth.token_header !== undefined) {
    const token = sentToken(auth, answer);
    if (token === undefined || token === '') {
      const place = auth.token_path ?? `in the header ${auth.token_header}`;
      throw new LoginRefusedError(shown, `its response has no token at ${place}: ${excerptOf(answer.text, redactor)}`);
    }
    redactor.learn(token);
    const { in: where = 'header', name = 'Authorization', prefix } = auth.send_as ?? {};
    const isBearer = where === 'header' && name.toLowerCase() === 'authorization';
    const text = `${prefix ?? (isBearer ? 'Bearer ' : '')}${token}`;
    if (where === 'query') query[name] = text;
    else headers[name.toLowerCase()] = text;
  }
  return { headers, query };
}

function sentToken(auth: Login, { headers, text }: TokenAnswer): string | undefined {
  if (auth.token_header !== undefined) return headerText(headers, auth.token_header);
  try {
    const found = fieldReader({ token: parseJsonPath(auth.token_path ?? '$') })(Buffer.from(text)).get('token');
    const value = found === undefined || found === 'null' ? undefined : scalarText(found);
    return value;
  } catch (thrown) {
    if (thrown instanceof JsonSyntaxError) return undefined;
    throw thrown;
  }
}

/** Cookies by their names (RFC 6265); one that ends at once is none. */
function cookiesOf({ headers }: TokenAnswer): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const line of headers['set-cookie'] ?? []) {
    const [, name = '', value = ''] = /^\s*([^=;\s]+)\s*=\s*([^;]*)/.exec(line) ?? [];
    if (name === '') continue;
    if (/;\s*max-age\s*=\s*(0|-\d+)\s*(;|$)/i.test(line)) cookies.delete(name);
    else cookies.set(name, value.trim());
  }
  return cookies;
}
