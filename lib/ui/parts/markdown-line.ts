import { html } from 'hono/html';
import type { Html } from '../html.ts';

/** A line of the documentation, whose only marks are those of code. */
export function markdownLine(text: string): Html {
  const parts = text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
  return html`<span lang="en">${parts}</span>`;
}
