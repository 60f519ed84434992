import { html } from 'hono/html';
import type { Format } from '../format.ts';
import type { Html } from '../html.ts';

/** A number of the log, under the name by which it can be looked up there. */
export function number(format: Format, name: string, value: number): Html {
  return measure(name, value, format.number(value));
}

/** A number of the log in another form, or in a sentence. */
export function measure(name: string, value: number, text: Html | string): Html {
  return html`<data class="n" value="${value}" data-name="${name}">${text}</data>`;
}
