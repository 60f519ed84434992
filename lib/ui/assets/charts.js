// @ts-check
/** Puts charts that can be looked into in the place of the server's drawings, of all runs. */
/** @type {{ default: typeof import('uplot') }} */
const { default: uPlot } = await import(document.body.dataset.charts ?? '');

/** @typedef {{ at: number[], loaded: number[], rejected: number[], seconds: number[], failed: number[], run: string[] }} Series */

/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const language = document.documentElement.lang;
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });

/** @type {Readonly<Record<string, (value: number) => string>>} */
const texts = {
  loaded: (value) => whole.format(value),
  rejected: (value) => `${whole.format(value)} %`,
  seconds: (value) => (value >= 60 ? `${whole.format(value / 60)} min` : `${whole.format(value)} s`),
};

/** @type {{ chart: import('uplot'), place: HTMLElement }[]} */
let shown = [];

/** @param {HTMLElement} place @param {'loaded' | 'rejected' | 'seconds'} name @param {Series} series */
function draw(place, name, series) {
  const drawing = place.querySelector('.chart');
  if (drawing === null) return;
  const text = texts[name] ?? String;
  const axis = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui',
  };
  const value = document.createElement('output');
  const index = series.at.map((_, number) => number);
  const bars = uPlot.paths.bars?.({ size: [0.8, 24, 1] }) ?? (() => null);
  const ok = series[name].map((one, at) => (series.failed[at] === 1 ? null : one));
  const bad = series[name].map((one, at) => (series.failed[at] === 1 ? one : null));
  const fill = name === 'rejected' ? '--bad-fill' : '--good-fill';
  const chart = new uPlot(
    {
      width: place.clientWidth,
      height: 150,
      padding: [8, 30, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: 'runs', setSeries: false }, y: false, points: { show: false } },
      scales: { x: { time: false }, y: { range: (_, __, top) => [0, top > 0 ? top * 1.05 : 1] } },
      axes: [
        {
          ...axis,
          values: (_, splits) => splits.map((split) => dayOf(series.at[Math.round(split)])),
          space: 90,
          size: 26,
        },
        { ...axis, values: (_, splits) => splits.map((split) => text(split)), size: 62, space: 36 },
      ],
      series: [
        {},
        { fill: colour(fill), stroke: colour(fill), width: 0, paths: bars, points: { show: false } },
        { fill: colour('--bad-fill'), stroke: colour('--bad-fill'), width: 0, paths: bars, points: { show: false } },
      ],
      hooks: {
        setCursor: [
          (self) => {
            const at = self.cursor.idx;
            value.textContent =
              at === null || at === undefined ? '' : `${text(series[name][at] ?? 0)} · ${momentOf(series.at[at])}`;
          },
        ],
      },
    },
    [index, ok, bad],
    place,
  );
  drawing.remove();
  place.querySelector('figcaption')?.append(value);
  chart.over.addEventListener('click', () => {
    const at = chart.cursor.idx;
    const wasDragged = (chart.select.width ?? 0) > 0;
    if (at !== null && at !== undefined && !wasDragged)
      location.href = `/runs/${encodeURIComponent(series.run[at] ?? '')}`;
  });
  shown.push({ chart, place });
}

const moment = new Intl.DateTimeFormat(language, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

/** @param {number | undefined} seconds */
function momentOf(seconds) {
  return seconds === undefined ? '' : moment.format(new Date(seconds * 1000));
}

const day = new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric' });

/** @param {number | undefined} seconds */
function dayOf(seconds) {
  return seconds === undefined ? '' : day.format(new Date(seconds * 1000));
}

async function drawAll() {
  const charts = document.querySelector('#charts');
  if (!(charts instanceof HTMLElement) || charts.dataset.drawn === 'true') return;
  const response = await fetch(charts.dataset.source ?? '');
  if (!response.ok) return;
  /** @type {Series} */
  const series = await response.json();
  charts.dataset.drawn = 'true';
  shown = [];
  for (const place of charts.querySelectorAll('figure')) {
    const name = place.dataset.series;
    if (name === 'loaded' || name === 'rejected' || name === 'seconds') draw(place, name, series);
  }
}

addEventListener('resize', () => {
  for (const { chart, place } of shown) chart.setSize({ width: place.clientWidth, height: 150 });
});
document.addEventListener('refreshed', () => void drawAll());
void drawAll();

export {};
