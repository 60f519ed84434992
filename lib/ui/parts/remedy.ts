import { html } from 'hono/html';
import type { Remedy } from '../../report/remedies/remedy.ts';
import type { Html } from '../html.ts';
import type { Viewer } from '../site.ts';
import { codeText } from './code-text.ts';

/** What something means and what to do about it. */
export function remedyList({ words }: Viewer, { means, todo }: Remedy): Html {
  return html`<dl class="remedy"><div><dt>${words.run.means}</dt><dd>${codeText(means)}</dd></div><div><dt>${words.run.whatNow}</dt><dd>${codeText(todo)}</dd></div></dl>`;
}
