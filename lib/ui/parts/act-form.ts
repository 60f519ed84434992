import { html } from 'hono/html';
import { type Html, nothing } from '../html.ts';
import { links } from '../links.ts';
import type { Viewer } from '../site.ts';

/** Where acts are posted to; with `/preview` behind it nothing is written. */
export const runPath = (pipeline: string): string => `${links.pipeline(pipeline)}/run`;
export const replayPath = (run: string): string => `${links.run(run)}/replay`;
export const undoPath = (run: string): string => `${links.run(run)}/undo`;

/** A form that acts. @param leave  where somebody goes who does not want it */
export function actForm(
  { csrf, words }: Viewer,
  action: string,
  fields: Html,
  label: string,
  kind: 'plain' | 'primary' | 'danger',
  leave?: string,
): Html {
  return html`<form class="act-form" method="post" action="${action}"><input type="hidden" name="csrf" value="${csrf}">${fields}<button type="submit"${kind === 'plain' ? nothing : html` class="${kind}"`}>${label}</button>${leave === undefined ? nothing : html` <a class="button" href="${leave}">${words.act.cancel}</a>`}</form>`;
}
