import { html } from 'hono/html';
import type { Html } from '../html.ts';

/** A point of a chart. */
export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  /** Drawn in the colour of failures: all of it, or its foot where it stands for some of which not all failed. */
  readonly bad?: 'all' | 'some' | undefined;
}

/** What a chart is drawn with. */
export interface ChartText {
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly yText: (value: number) => string;
  readonly xText: (value: number) => string;
}

/** The drawing's own units; it is stretched to the place that it has. */
const width = 1000;
const height = 100;
/** A bar of anything is seen, and more so one that failed. */
const leastBar = 1.5;
const failedFoot = 6;

/** A drawing without text of how a value grew or changed; its texts stand around it. @param points  in the order of x */
export function lineChart(points: readonly ChartPoint[], kind: 'area' | 'bars', text: ChartText): Html {
  const first = points[0]?.x ?? 0;
  const last = points.at(-1)?.x ?? 1;
  const top = niceTop(Math.max(0, ...points.map(({ y }) => y)));
  const px = (x: number): number => (last === first ? width / 2 : (width * (x - first)) / (last - first));
  const py = (y: number): number => height - (height * y) / top;
  return html`<div class="chart"><p class="y"><span>${text.yText(top)}</span><span>${text.yText(0)}</span></p>
<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${text.label}"><path class="grid" d="M0 0.5H${width}M0 ${height / 2}H${width}M0 ${height - 0.5}H${width}"/>${kind === 'area' ? area(points, px, py) : bars(points)}</svg>
<p class="x"><span>${text.xText(first)}</span><span>${text.xText(last)}</span></p></div>`;
  function bars(all: readonly ChartPoint[]): Html {
    const step = width / Math.max(1, all.length);
    const bar = (index: number, high: number): string =>
      high === 0
        ? ''
        : `M${fixed(index * step + step * 0.12)} ${height}V${fixed(height - high)}H${fixed((index + 1) * step - step * 0.12)}V${height}Z`;
    const high = (y: number): number => (y > 0 ? Math.max(leastBar, height - py(y)) : 0);
    const good = all.map(({ bad, y }, index) => bar(index, bad === 'all' ? 0 : high(y)));
    const failed = all.map(({ bad, y }, index) =>
      bar(index, bad === undefined ? 0 : Math.max(failedFoot, bad === 'all' ? high(y) : 0)),
    );
    return html`<path class="good" d="${good.join('')}"/><path class="bad" d="${failed.join('')}"/>`;
  }
}

function area(points: readonly ChartPoint[], px: (x: number) => number, py: (y: number) => number): Html {
  const path = points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${fixed(px(x))} ${fixed(py(y))}`).join('');
  const from = fixed(px(points[0]?.x ?? 0));
  const to = fixed(px(points.at(-1)?.x ?? 0));
  return html`<path class="under" d="${path}L${to} ${height}L${from} ${height}Z"/><path class="line" d="${path}"/>`;
}

function fixed(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The next of 1, 2, 2.5, 5 and 10 times a power of ten; 1 of nothing. */
function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 2.5, 5, 10].find((step) => step * power >= value) ?? 10);
}
