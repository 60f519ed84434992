import type { IncrementalScope } from '../incremental/scope.ts';
import { Slices } from '../incremental/slices.ts';
import type { ApiExtraction } from './api-extraction.ts';
import type { Condition } from './conditional-requests.ts';
import { Sequence } from './sequence.ts';
import type { RequestTexts } from './template/request-template.ts';
import type { TemplateScope } from './template/variables.ts';

/** What is read with one watermark in an extraction. */
export function sequenceOf(
  { client, request, scope, settings }: ApiExtraction,
  texts: RequestTexts,
  incremental: IncrementalScope | undefined,
  more: Partial<TemplateScope> = {},
  condition?: Condition,
): Sequence {
  return new Sequence({
    client,
    settings,
    texts,
    baseUrl: request.pipeline.dataSource.base_url,
    scope: { ...scope, ...more, window: incremental?.window },
    incremental,
    slices: Slices.of(incremental, settings.incremental),
    condition,
  });
}
