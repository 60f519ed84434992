import { html } from 'hono/html';
import type { SeriesRun } from '../../state/run-series.ts';
import type { Html } from '../html.ts';
import { links } from '../links.ts';
import type { Viewer } from '../site.ts';
import { type ChartPoint, lineChart } from './line-chart.ts';

/** Bars of a drawing at most; with more runs each bar is the mean of some that follow each other. */
const mostBars = 180;

/** Some runs that follow each other, as one bar. */
interface Bar {
  readonly at: number;
  readonly loaded: number;
  readonly rejectedPercent: number;
  readonly seconds: number;
  readonly failed: ChartPoint['bad'];
}

/**
 * Rows, rejected share and duration over time. The drawings are the server's; where scripts run they are replaced by
 * ones that can be looked into, of all runs.
 *
 * @param runs  oldest first
 */
export function historyCharts({ format, words }: Viewer, name: string, runs: readonly SeriesRun[]): Html {
  const text = words.pipeline;
  const bars = barsOf(runs);
  const percent = (value: number): string => `${format.number(Math.round(value * 100) / 100)} %`;
  const charts = [
    ['loaded', text.loadedOver, (bar: Bar) => bar.loaded, (value: number) => format.number(value)],
    ['rejected', text.rejectedOver, (bar: Bar) => bar.rejectedPercent, percent],
    ['seconds', text.durationOver, (bar: Bar) => bar.seconds, format.duration],
  ] as const;
  const drawn = charts.map(([series, title, measure, yText]) => {
    const points = bars.map(
      (bar): ChartPoint => ({ x: bar.at, y: measure(bar), bad: series === 'rejected' ? undefined : bar.failed }),
    );
    const label = text.chartLabel(title, runs.length);
    return html`<figure data-series="${series}"><figcaption>${title}</figcaption>${lineChart(points, 'bars', { label, yText, xText: format.axis })}</figure>`;
  });
  return html`<div class="charts" id="charts" data-source="${links.series(name)}" data-zoom="${text.zoom}">${drawn}</div>`;
}

function barsOf(runs: readonly SeriesRun[]): readonly Bar[] {
  const size = Math.max(1, Math.ceil(runs.length / mostBars));
  const bars: Bar[] = [];
  for (let from = 0; from < runs.length; from += size) {
    const some = runs.slice(from, from + size);
    const sum = (measure: (run: SeriesRun) => number): number => some.reduce((all, run) => all + measure(run), 0);
    const read = sum((run) => run.rows_read);
    const failed = some.filter((run) => run.status === 'failed').length;
    bars.push({
      at: some[0]?.at ?? 0,
      loaded: sum((run) => run.rows_loaded) / some.length,
      rejectedPercent: read === 0 ? 0 : (100 * sum((run) => run.rows_rejected)) / read,
      seconds: sum((run) => run.seconds) / some.length,
      failed: failed === some.length ? 'all' : failed > 0 ? 'some' : undefined,
    });
  }
  return bars;
}
