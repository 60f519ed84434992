import type { PaginationSettings } from '../../config/source-pagination.ts';
import type { ApiRequest } from './api-client.ts';
import type { PagePosition } from './page-position.ts';
import { writePage } from './pagers.ts';
import { type BaseRequest, draftOf, finish } from './request-draft.ts';

/** The request of one page; a URL that the API gave for it stands for itself. */
export function pageRequest(
  base: BaseRequest,
  pagination: PaginationSettings | undefined,
  position: PagePosition,
): ApiRequest {
  const draft = draftOf(base);
  if (position.url !== undefined) return finish({ ...draft, url: new URL(position.url) });
  writePage(draft, pagination, position);
  return finish(draft);
}
