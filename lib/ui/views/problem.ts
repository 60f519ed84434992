import { html } from 'hono/html';
import { data, nothing } from '../html.ts';
import { links } from '../links.ts';
import type { View, Viewer } from '../site.ts';

/** A page that says why there is none. */
export function problem({ words }: Viewer, title: string, text: string, status: View['status']): View {
  return {
    title,
    status,
    main: html`<div class="wide"><section class="card problem"><h1>${title}</h1><p role="alert">${data(text, 5_000)}</p>${status === 403 ? nothing : html`<p><a href="${links.overview}">${words.problem.back}</a></p>`}</section></div>`,
  };
}
