import { RequestTimeoutError } from './request-timeout-error.ts';

/** What Node's sockets, TLS, DNS and decompressors say when a connection or a body fails. */
const faults =
  /^(EPROXY$|ECONN|EPIPE$|ETIMEDOUT$|EHOST|ENET|EAI_|ENOTFOUND$|EADDR|ERR_STREAM_PREMATURE_CLOSE$|ERR_STREAM_DESTROYED$|HPE_|EPROTO$|ERR_SSL_|ERR_HTTP_|Z_|ERR__?BROTLI|ERR_BROTLI|ERR_TLS_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ZSTD_)/;
const certificates = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT)/;

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** Whether what was thrown is the network's doing: nothing about the request itself. */
export function isNetworkFault(thrown: unknown): boolean {
  if (thrown instanceof RequestTimeoutError) return true;
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return thrown.errors.every(isNetworkFault);
  const code = codeOf(thrown);
  return code !== undefined && faults.test(code);
}

export function isCertificateFault(thrown: unknown): boolean {
  return certificates.test(codeOf(thrown) ?? '');
}
