import type { PaginationSettings } from '../../config/source-pagination.ts';
import type { VariableName } from '../../config/template-words.ts';
import type { ApiRequest } from './api-client.ts';
import type { PagePosition } from './page-position.ts';
import { pageScope, writePage } from './pagers.ts';
import { finish, type RequestDraft } from './request-draft.ts';
import type { PageScope } from './template/variables.ts';

/** What all pages of a sequence are asked for with. */
export interface SequenceRequest {
  /** The request of one page; its placeholders are filled. */
  readonly draft: (page: PageScope) => RequestDraft;
  /** What placeholders say already. */
  readonly placed: ReadonlySet<VariableName>;
}

/** The request of one page; a URL that the API gave for it stands for itself. */
export function pageRequest(
  request: SequenceRequest,
  pagination: PaginationSettings | undefined,
  position: PagePosition,
): ApiRequest {
  const draft = request.draft(pageScope(pagination, position));
  const result = position.job?.result_url;
  // Pages of a job's result are asked for where it lies, and not as the job was started.
  const isResult = result !== undefined;
  const asked: RequestDraft = isResult ? { ...draft, method: 'GET', body: undefined } : draft;
  if (position.url !== undefined) return finish({ ...asked, url: new URL(position.url) });
  if (isResult) {
    const at: RequestDraft = { method: 'GET', url: new URL(result), headers: draft.headers, body: undefined };
    writePage(at, pagination, position, request.placed);
    return finish(at);
  }
  writePage(draft, pagination, position, request.placed);
  return finish(draft);
}
