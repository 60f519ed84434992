import type { Remedies } from '../remedy.ts';

/** Of what an API answered, in English. */
export const responses = {
  api_address_refused: {
    means: 'The API, or a name that it gave, leads to a private or otherwise closed address; nothing was sent there.',
    todo: 'Check what the API gives as URL. If requests are to go there, set `data_source.allow_private_addresses: true`.',
  },
  api_busy: {
    means: 'The API answered every attempt with a status that says: later.',
    todo: 'Wait and run again. If it happens often, set `rate_limit`, or allow more waits in `retry.delays_seconds`.',
  },
  api_certificate: {
    means: 'The TLS certificate of the API cannot be trusted.',
    todo: 'Check the host name in `base_url`. For an own CA set `tls.ca`, or give Node the CA with `NODE_EXTRA_CA_CERTS`.',
  },
  api_charset: {
    means: 'The response is in a charset that cannot be read.',
    todo: 'Ask for UTF-8, e.g. with a header `Accept-Charset: utf-8`.',
  },
  api_columns_unequal: {
    means: 'Lists that are columns have not the same number of values.',
    todo: 'Check `records_path` and `columnar`.',
  },
  api_content_encoding: {
    means: 'The body of the response cannot be unpacked.',
    todo: 'Have the API answer with gzip, br, zstd, deflate or unpacked.',
  },
  api_document_too_large: {
    means: 'The path needs the whole response at hand, and the response is too large for that.',
    todo: 'Use a path of names and `[*]`, or ask for smaller pages.',
  },
  api_error_response: {
    means: 'The response has a good status and says in its body that it is an error, or lacks a part.',
    todo: 'Correct what the API complains about. Where this means no error, set `on_incomplete: warn`, or say in `success_when` how a good response looks.',
  },
  api_fields_too_late: {
    means: 'Rows wait for fields that stand behind them in the response, and are too many to be held.',
    todo: 'Ask for smaller pages, or leave these fields out of `include`.',
  },
  api_binary: {
    means: 'The body is a file that is no text, such as Parquet, zip or Excel.',
    todo: 'Do what the message says: `format: parquet`, or another endpoint or format of the export.',
  },
  api_format: {
    means: 'The body is not in the format that the configuration, or its own Content-Type, says.',
    todo: 'Check `endpoint`, `auth`, `format` and `csv`.',
  },
  api_header_missing: {
    means: 'The names of the columns are not where `header.path` leads.',
    todo: 'Correct `header.path`, or write the names themselves.',
  },
  api_header_refused: {
    means: 'A value cannot be sent in a header.',
    todo: 'Check `headers`, `auth` and `pagination`; a secret may end in a line break.',
  },
  api_job_answer: {
    means: 'The response about a job lacks what the configuration says it has.',
    todo: 'Check the paths in `async`.',
  },
  api_job_failed: {
    means: 'The API says that the job has failed.',
    todo: 'Correct what the API complains about, or run again; the next attempt starts another job.',
  },
  api_job_timeout: {
    means: 'A job of the API took longer than it may.',
    todo: 'Raise `async.timeout`, or add its status to `done_values` or `failed_values`.',
  },
  api_name_unknown: {
    means: 'A name that the API gave cannot be looked up here, so nobody knows where a proxy would send the request.',
    todo: 'Have the name resolved on this machine. If requests are to go there, set `data_source.allow_private_addresses: true`.',
  },
  api_not_json: {
    means: 'The body is not JSON: mostly a login page, or the page of a proxy.',
    todo: 'Check `endpoint` and `auth`.',
  },
  api_page_repeats: {
    means: 'The pages go round: the same cursor, URL or content came again.',
    todo: 'Check `pagination`: the API may ignore the parameter that names the page.',
  },
  api_pages_unread: {
    means: 'The pages ended, and the API says that there is more.',
    todo: 'Set `pagination`; or `max_pages` where the rest is left out on purpose; or `on_incomplete: warn` where the sign means something else.',
  },
  api_redirects: { means: 'Redirects go round and round.', todo: 'Set `base_url` to where the API really is.' },
  api_rows_missing: {
    means: 'The pages ended before the total that the API announced.',
    todo: 'Run again with a stable order; remove `total_path` if it counts something else.',
  },
  api_scheme_refused: {
    means:
      'A URL that the API gave is neither http nor https, or is http where https was used before; nothing was sent there.',
    todo: 'Have the API give https URLs, or count pages with `pagination: { type: page_number }` or `{ type: offset }`.',
  },
  api_status: {
    means: 'The API answered with a status that no repetition changes: 400, 401, 403, 404 and the like.',
    todo: 'Correct what the message says: URL, secret, permission or parameters.',
  },
  api_unreachable: {
    means: 'Every attempt to reach the API met a network fault: refused, reset, cut off, or silent for too long.',
    todo: 'Check that the API is up and that `data_source.base_url` is right; then run again.',
  },
  api_wait_too_long: {
    means: 'The API asks for a longer wait than is allowed.',
    todo: 'Run again after that time, or raise `retry.max_wait_seconds`.',
  },
} as const satisfies Remedies;
