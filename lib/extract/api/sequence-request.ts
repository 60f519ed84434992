import type { IncrementalSettings } from '../../config/source-incremental.ts';
import type { Bound } from '../incremental/window.ts';
import type { SequenceRequest } from './page-request.ts';
import { RawJson } from './raw-json.ts';
import { put } from './request-draft.ts';
import type { RequestTemplate } from './template/request-template.ts';
import type { TemplateScope } from './template/variables.ts';

/**
 * What the pages of a sequence are asked for with: the template, filled from the scope and the page, and the bounds of
 * what is new.
 */
export function sequenceRequest(
  template: RequestTemplate,
  scope: TemplateScope,
  incremental: IncrementalSettings | undefined,
): SequenceRequest {
  const { window } = scope;
  return {
    placed: template.uses,
    draft: (page) => {
      const draft = template.fill({ ...scope, page });
      if (incremental === undefined || window === undefined) return draft;
      const { end_param, in: place, start_param } = incremental;
      if (start_param !== undefined && window.start !== undefined) {
        put(draft, place, start_param, jsonOf(window.start));
      }
      if (end_param !== undefined && window.end !== undefined) put(draft, place, end_param, jsonOf(window.end));
      return draft;
    },
  };
}

/** A number is one in a body; elsewhere there are only characters. */
function jsonOf({ written }: Bound): RawJson {
  const { numeric, text } = written();
  return new RawJson(numeric ? text : JSON.stringify(text));
}
