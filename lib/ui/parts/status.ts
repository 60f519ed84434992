import { html } from 'hono/html';
import type { Html } from '../html.ts';
import type { Words } from '../words/words.ts';

/** Each status has a word, a shape and a colour, so that none is needed to tell them apart. */
const shapes = {
  success: html`<path d="M3.5 8.5l3 3 6-7"/>`,
  failed: html`<path d="M4 4l8 8M12 4l-8 8"/>`,
  running: html`<circle cx="8" cy="8" r="4.5"/><path d="M8 5.5V8l1.8 1.2"/>`,
  skipped: html`<path d="M4 8h8"/>`,
  stopped: html`<path d="M8 3.5v5.5M8 12v.5"/>`,
  late: html`<path d="M8 3.5v5.5M8 12v.5"/>`,
  rejected: html`<path d="M8 3.5v5.5M8 12v.5"/>`,
  never: html`<circle cx="8" cy="8" r="1"/>`,
} as const;

export type ShownStatus = keyof typeof shapes;

/** A status as a shape and a word. */
export function status(kind: ShownStatus, word: string): Html {
  return html`<span class="status s-${kind}"><svg viewBox="0 0 16 16" aria-hidden="true">${shapes[kind]}</svg><span>${word}</span></span>`;
}

/** The word for a run's status. */
export function statusWord(kind: 'success' | 'failed' | 'running' | 'skipped', words: Words): Html {
  return status(kind, words.status[kind]);
}
