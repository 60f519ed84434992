import { html } from 'hono/html';
import type { Html } from '../html.ts';
import type { Viewer } from '../site.ts';
import { measure, number } from './number.ts';

/** What became of rows: each kind has a colour of its own in the style sheet. */
export interface FlowPart {
  readonly kind: 'loaded' | 'filtered' | 'deduplicated' | 'rejected' | 'left';
  /** The column of the log. */
  readonly name: string;
  readonly rows: number;
}

/** Height of a part's line, and of the whole drawing, in units that are pixels. */
const lineHeight = 60;
/** What a part that has rows is drawn with at the least. */
const leastThickness = 2;

/**
 * Rows and what became of them, as a stream that divides. The drawing has no text: the numbers stand beside it, in lines
 * as high as its parts, so that it fits any width.
 *
 * @param whole  the rows that came in: their name in the log, how many, and what they are called
 * @param parts  their rows together are the whole
 */
export function flow(
  { format, words }: Viewer,
  { name: wholeName, rows: read, text }: { readonly name: string; readonly rows: number; readonly text: string },
  parts: readonly FlowPart[],
): Html {
  const texts = words.run;
  if (read === 0) return html`<p class="empty">${number(format, wholeName, 0)} ${text}</p>`;
  const height = lineHeight * parts.length;
  const heights = thicknesses(
    parts.map(({ rows }) => rows),
    height * 0.7,
  );
  const drawn = heights.reduce((sum, one) => sum + one, 0);
  let from = (height - drawn) / 2;
  const streams = parts.map(({ kind }, index) => {
    const thick = heights[index] ?? 0;
    const top = from;
    from += thick;
    if (thick === 0) return html``;
    const target = index * lineHeight + (lineHeight - Math.min(thick, lineHeight * 0.9)) / 2;
    const end = Math.min(thick, lineHeight * 0.9);
    return html`<path class="f-${kind}" d="M0 ${round(top)} C50 ${round(top)} 50 ${round(target)} 100 ${round(target)} V${round(target + end)} C50 ${round(target + end)} 50 ${round(top + thick)} 0 ${round(top + thick)}Z"/>`;
  });
  const lines = parts.map(
    ({ kind, name, rows }) =>
      html`<li class="f-${kind}${rows === 0 ? ' zero' : ''}"><b>${number(format, name, rows)}</b> <span>${texts[kind]}</span> <small>${measure(`${name}_percent`, (100 * rows) / read, format.share(rows, read))}</small></li>`,
  );
  return html`<div class="flow p${parts.length}" role="group" aria-label="${texts.flowLabel}"><p class="read"><b>${number(format, wholeName, read)}</b> <span>${text}</span></p>
<svg viewBox="0 0 100 ${height}" preserveAspectRatio="none" aria-hidden="true">${streams}</svg>
<ul>${lines}</ul></div>`;
}

/** Shares of a height by size; what is there is seen, however small. */
function thicknesses(sizes: readonly number[], height: number): readonly number[] {
  const sum = sizes.reduce((all, one) => all + one, 0);
  return sizes.map((size) => (size === 0 ? 0 : Math.max(leastThickness, (height * size) / sum)));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
