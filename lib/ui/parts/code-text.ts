import { html } from 'hono/html';
import type { Html } from '../html.ts';

/** A text in which code stands between backticks. */
export function codeText(text: string): Html {
  const parts = text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
  return html`${parts}`;
}
