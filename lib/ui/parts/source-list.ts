import { html } from 'hono/html';
import type { RunDetails } from '../../run/run-details.ts';
import { data, type Html, nothing } from '../html.ts';
import type { Viewer } from '../site.ts';
import { measure } from './number.ts';

/** The files, pages or requests that a run read; of many the first. */
export function sourceList(
  { format, words }: Viewer,
  { sources, sources_total: total }: Pick<RunDetails, 'sources' | 'sources_total'>,
): Html {
  const text = words.pipeline;
  const rows = sources.map(
    ({ bytes, format: kind, source }) =>
      html`<tr data-source="${source}"><th scope="row">${data(source, 200)}</th><td>${kind}</td><td class="right">${measure('source_bytes', bytes, format.bytes(bytes))}</td></tr>`,
  );
  return html`<table class="list"><thead><tr><th scope="col">${text.source}</th><th scope="col">${text.format}</th><th scope="col" class="right">${text.bytes}</th></tr></thead><tbody>${rows}</tbody></table>${total > sources.length ? html`<p class="quiet">${measure('sources_more', total - sources.length, text.sourceMore(format.number(total - sources.length)))}</p>` : nothing}`;
}
