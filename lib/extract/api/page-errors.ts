import { TerminalError, TransientError } from '../../errors.ts';
import type { BinaryKind } from '../file/binary-kind.ts';
import type { RequestShown } from './errors.ts';
import { said } from './said.ts';

/** A good status with a body that is not JSON: mostly a login page, or the page of a proxy. */
export class NotJsonError extends TerminalError {
  override readonly name = 'NotJsonError';
  readonly code = 'api_not_json';

  constructor(request: RequestShown, status: number, contentType: string, found: string, excerpt: string) {
    super(
      `${request.method} ${request.url} answered ${status} with something that is not JSON (content-type: ${contentType || 'none'}; ${found})${said(excerpt)}. Check endpoint and auth; a login page often looks like this.`,
    );
  }
}

/** A good status with a body that is not what the configuration, or its own Content-Type, says. */
export class AnswerFormatError extends TerminalError {
  override readonly name = 'AnswerFormatError';
  readonly code = 'api_format';

  constructor(request: RequestShown, status: number, format: string, found: string, excerpt: string) {
    super(
      `${request.method} ${request.url} answered ${status} with something that cannot be read as ${format} (${found})${said(excerpt)}. Check endpoint, auth, format and csv.`,
    );
  }
}

/** A body is neither JSON nor any text. */
export class BinaryAnswerError extends TerminalError {
  override readonly name = 'BinaryAnswerError';
  readonly code = 'api_binary';

  constructor(request: RequestShown, status: number, { name, remedy }: BinaryKind) {
    super(`${request.method} ${request.url} answered ${status} with ${name}, not with text. ${remedy}`);
  }
}

/** JSON without rows at the expected place. */
export class RowsNotFoundError extends TerminalError {
  override readonly name = 'RowsNotFoundError';
  readonly code = 'rows_not_found';

  constructor(
    request: RequestShown,
    path: string,
    rootKind: string,
    names: readonly string[],
    likely: string | undefined,
    excerpt: string,
  ) {
    const has = rootKind === 'object' ? `an object with ${names.join(', ') || 'no members'}` : `an ${rootKind}`;
    super(
      `The response of ${request.method} ${request.url} has no rows at ${path}: it is ${has}${said(excerpt)}. Set records_path, e.g. records_path: ${likely ?? '$.data[*]'}.`,
    );
  }
}

/** A path that needs the whole document at hand meets one that is too large for that. */
export class DocumentTooLargeError extends TerminalError {
  override readonly name = 'DocumentTooLargeError';
  readonly code = 'api_document_too_large';

  constructor(request: RequestShown, maxBytes: number) {
    super(
      `The response of ${request.method} ${request.url} has more than ${Math.floor(maxBytes / 1024 / 1024)} MiB, too much for a JSONPath with filters, slices or "..". Use a path of names and [*], or ask for smaller pages.`,
    );
  }
}

/** Rows wait for fields that stand behind them in the response, and are too many to be held. */
export class FieldsTooLateError extends TerminalError {
  override readonly name = 'FieldsTooLateError';
  readonly code = 'api_fields_too_late';

  constructor(request: RequestShown, maxBytes: number) {
    super(
      `The response of ${request.method} ${request.url} has the fields of include behind more than ${Math.floor(maxBytes / 1024 / 1024)} MiB of rows. Ask for smaller pages, or leave these fields out of include.`,
    );
  }
}

/** Lists that are columns have not the same number of values. */
export class ColumnsUnequalError extends TerminalError {
  override readonly name = 'ColumnsUnequalError';
  readonly code = 'api_columns_unequal';

  constructor(request: RequestShown, path: string) {
    super(
      `The lists at ${path} in the response of ${request.method} ${request.url} have not the same number of values, so it is not known which belong together. Check records_path and columnar.`,
    );
  }
}

/** There is no list of names at `header.path`. */
export class HeaderMissingError extends TerminalError {
  override readonly name = 'HeaderMissingError';
  readonly code = 'api_header_missing';

  constructor(request: RequestShown) {
    super(
      `The response of ${request.method} ${request.url} has rows, and no list of the names of their columns at header.path. Correct header.path, or write the names as header: [id, …].`,
    );
  }
}

/** The pages go round: the same cursor, URL or content came again. */
export class RepeatedPageError extends TerminalError {
  override readonly name = 'RepeatedPageError';
  readonly code = 'api_page_repeats';

  constructor(request: RequestShown, what: string, page: number, remedy: string) {
    super(
      `Page ${page.toLocaleString('en-US')} of ${request.method} ${request.url} repeats ${what}; reading on would never end. ${remedy}`,
    );
  }
}

/** A response with a good status that is an error, or lacks a part. */
export class ApiErrorResponseError extends TransientError {
  override readonly name = 'ApiErrorResponseError';
  readonly code = 'api_error_response';

  constructor(request: RequestShown, status: number, place: string, excerpt: string) {
    super(
      `${request.method} ${request.url} answered ${status} and says by ${place} that it is an error${said(excerpt)}. Nothing of this page is loaded. Correct what the API complains about, or set on_incomplete: warn where this means no error.`,
    );
  }
}

/** The pages ended, and the API says somewhere that there is more. */
export class PagesUnreadError extends TerminalError {
  override readonly name = 'PagesUnreadError';
  readonly code = 'api_pages_unread';

  constructor(what: string, loss: string | undefined) {
    const consequence = loss === undefined ? '' : ` ${loss}`;
    super(
      `${what}${consequence} Set pagination; or on_incomplete: warn, where this means something else; or max_pages, where the rest is left out on purpose.`,
    );
  }
}

/** The pages ended before the total that the API announced. */
export class RowsMissingError extends TransientError {
  override readonly name = 'RowsMissingError';
  readonly code = 'api_rows_missing';

  constructor(request: RequestShown, items: number, total: number) {
    super(
      `The pages of ${request.method} ${request.url} ended after ${items.toLocaleString('en-US')} items, though the API says there are ${total.toLocaleString('en-US')}. Rows moved while pages were read, or total_path counts something else. Run again with a stable order, or remove total_path.`,
    );
  }
}
