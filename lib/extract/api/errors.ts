import { TerminalError, TransientError } from '../../errors.ts';
import { reasonOf } from '../errors.ts';
import { said } from './said.ts';

type Options = { readonly cause?: unknown };

/** What a failed request was, safe to print. */
export interface RequestShown {
  readonly method: string;
  /** Without secrets. */
  readonly url: string;
}

/** Every attempt met a network fault: refused, reset, cut off, or silent for too long. */
export class ApiUnreachableError extends TransientError {
  override readonly name = 'ApiUnreachableError';
  readonly code = 'api_unreachable';

  constructor(request: RequestShown, attempts: number, options: Options) {
    super(
      `${request.method} ${request.url} failed ${attempts === 1 ? 'once' : `${attempts} times`}${reasonOf(options.cause)}. Check that the API is up and that data_source.base_url is right.`,
      options,
    );
  }
}

/** The TLS certificate of the API is not to be trusted; asking again does not help. */
export class ApiCertificateError extends TerminalError {
  override readonly name = 'ApiCertificateError';
  readonly code = 'api_certificate';

  constructor(request: RequestShown, options: Options) {
    super(
      `${request.method} ${request.url}: the TLS certificate was refused${reasonOf(options.cause)}. Check the host name, give the API's own CA in tls.ca, or give Node the CA with NODE_EXTRA_CA_CERTS.`,
      options,
    );
  }
}

/** Every attempt was answered with a status that says: later. */
export class ApiBusyError extends TransientError {
  override readonly name = 'ApiBusyError';
  readonly code = 'api_busy';

  constructor(request: RequestShown, status: number, attempts: number, excerpt: string) {
    super(
      `${request.method} ${request.url} answered ${status} ${attempts === 1 ? 'once' : `${attempts} times in a row`}${said(excerpt)}. ${
        status === 429 ? 'Set rate_limit below what the API allows, or' : 'Try later, or'
      } allow more waits in retry.delays_seconds.`,
    );
  }
}

/** The API asks for a longer wait than is allowed. */
export class WaitTooLongError extends TransientError {
  override readonly name = 'WaitTooLongError';
  readonly code = 'api_wait_too_long';

  constructor(request: RequestShown, status: number, waitSeconds: number, maxSeconds: number) {
    super(
      `${request.method} ${request.url} answered ${status} and asks to wait ${waitSeconds.toLocaleString('en-US')} s, more than retry.max_wait_seconds (${maxSeconds}). Run again after that, or raise it.`,
    );
  }
}

/** A status that no repetition changes: 400, 401, 403, 404, … */
export class ApiStatusError extends TerminalError {
  override readonly name = 'ApiStatusError';
  readonly code = 'api_status';
  readonly status: number;

  constructor(request: RequestShown, status: number, excerpt: string, remedy: string) {
    super(`${request.method} ${request.url} answered ${status}${said(excerpt)}. ${remedy}`);
    this.status = status;
  }
}

/** The response's body cannot be unpacked, and was not just cut off. */
export class ContentEncodingError extends TerminalError {
  override readonly name = 'ContentEncodingError';
  readonly code = 'api_content_encoding';

  constructor(request: RequestShown, encoding: string) {
    super(
      `${request.method} ${request.url} answered with content-encoding ${encoding}, which is not known here (gzip, br, zstd, deflate are).`,
    );
  }
}

/** The response is in a charset that cannot be read. */
export class UnknownCharsetError extends TerminalError {
  override readonly name = 'UnknownCharsetError';
  readonly code = 'api_charset';

  constructor(request: RequestShown, charset: string) {
    super(
      `${request.method} ${request.url} answered in the charset ${charset}, which is not known here. Ask for UTF-8, e.g. with a header Accept-Charset: utf-8.`,
    );
  }
}

/** Redirects go round and round. */
export class RedirectLoopError extends TerminalError {
  override readonly name = 'RedirectLoopError';
  readonly code = 'api_redirects';

  constructor(request: RequestShown, redirects: number) {
    super(
      `${request.method} ${request.url} was redirected ${redirects} times. Set base_url to where the API really is.`,
    );
  }
}

/** A URL that the API gave, or a name, leads to an address that it must not lead to. Nothing was sent there. */
export class AddressRefusedError extends TerminalError {
  override readonly name = 'AddressRefusedError';
  readonly code = 'api_address_refused';

  /**
   * @param home     origin of the API as the configuration has it
   * @param origin   where the request was to go
   * @param address  what the name in `origin` resolved to; undefined where it has the address itself
   * @param kind     class of the address, e.g. `link-local`
   */
  constructor(home: string, origin: string, address: string | undefined, kind: string) {
    const where = address === undefined ? `a ${kind} address` : `${address}, a ${kind} address`;
    const what =
      home === origin
        ? `${origin} resolves to ${where}, so no request was sent to it.`
        : `${home} led to ${origin}, which is ${where}; no request was sent to it.`;
    super(`${what} If requests are to go there, set data_source.allow_private_addresses: true.`);
  }
}

/** A name that the API gave cannot be looked up here, so that nobody knows where a proxy would send the request. */
export class ProxiedNameError extends TerminalError {
  override readonly name = 'ProxiedNameError';
  readonly code = 'api_name_unknown';

  constructor(home: string, origin: string, options: { readonly cause?: unknown } = {}) {
    super(
      `${home} led to ${origin}, whose name this machine cannot look up, so that a proxy could send the request to an address ` +
        'that is not public; no request was sent to it. If requests are to go there, set data_source.allow_private_addresses: true.',
      options,
    );
  }
}

/** A URL that the API gave has another scheme than http and https, or http where https was used before. */
export class SchemeRefusedError extends TerminalError {
  override readonly name = 'SchemeRefusedError';
  readonly code = 'api_scheme_refused';

  /** @param to  the origin, or the scheme of a URL that has none */
  constructor(from: string, to: string, plain: boolean) {
    super(
      plain
        ? `${from} led to ${to}, without TLS; no request was sent to it. Have the API give https URLs, or count pages with pagination: {type: page_number} or {type: offset}.`
        : `${from} led to a URL with ${to}, which is not followed; only http and https are. Check what the API gives as the URL of its next page or redirect.`,
    );
  }
}

/** A value cannot be sent in a header. */
export class HeaderRefusedError extends TerminalError {
  override readonly name = 'HeaderRefusedError';
  readonly code = 'api_header_refused';

  constructor(header: string) {
    super(
      `The header "${header}" cannot be sent: its value has a line break or another character that headers cannot hold. Check headers, auth (a secret may end in a line break) and pagination.`,
    );
  }
}

/** The endpoint and base_url make no URL. */
export class InvalidEndpointError extends TerminalError {
  override readonly name = 'InvalidEndpointError';
  readonly code = 'invalid_endpoint';

  constructor(endpoint: string, remedy: string) {
    super(`The endpoint "${endpoint}" makes no URL. ${remedy}`);
  }
}

/** An OAuth token could not be had. */
export class TokenRefusedError extends TerminalError {
  override readonly name = 'TokenRefusedError';
  readonly code = 'oauth_token_refused';

  /** Undefined where the answer was a good one without a token. */
  readonly status: number | undefined;

  constructor(url: string, what: string, status?: number) {
    super(`${url} gave no token: ${what}. Check auth: its client, its secrets and its scope.`);
    this.status = status;
  }
}

/** A login gave nothing that could be sent with requests. */
export class LoginRefusedError extends TerminalError {
  override readonly name = 'LoginRefusedError';
  readonly code = 'login_refused';

  constructor(url: string, what: string) {
    super(`The login at ${url} did not succeed: ${what}. Check auth: user, password, token_path and token_header.`);
  }
}

/** A private key or a certificate cannot be used. */
export class PrivateKeyError extends TerminalError {
  override readonly name = 'PrivateKeyError';
  readonly code = 'private_key';

  /** @param problem  the rest of the sentence; nothing of the key */
  constructor(setting: string, problem: string) {
    super(`The secret at ${setting} ${problem}. Check that it holds the whole file, with its lines.`);
  }
}

/** The server that issues OAuth tokens says: later. */
export class TokenServerBusyError extends TransientError {
  override readonly name = 'TokenServerBusyError';
  readonly code = 'oauth_server_busy';

  constructor(url: string, status: number, excerpt: string) {
    super(`${url} answered ${status} when it was asked for a token${said(excerpt)}. Try later.`);
  }
}

/** A value of a parent would change the path of the requests instead of being one segment of it. */
export class ParentPathError extends TerminalError {
  override readonly name = 'ParentPathError';
  readonly code = 'parent_path';

  constructor(endpoint: string, problem: string) {
    super(
      `A row of the parent endpoint gives "${endpoint}" a path that is not meant: ${problem}. Leave such parents out with parent.params, or send the value in params or body.`,
    );
  }
}

/** A row of the parent endpoint lacks a field that requests are made of. */
export class ParentFieldMissingError extends TerminalError {
  override readonly name = 'ParentFieldMissingError';
  readonly code = 'parent_field_missing';

  constructor(endpoint: string, field: string) {
    super(
      `A row of the parent endpoint "${endpoint}" has no plain value in "${field}". Check the placeholders {parent.…} and parent.include.`,
    );
  }
}
