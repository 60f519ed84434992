// @ts-check
/** Puts charts that can be looked into in the place of the server's drawings, of all runs. */
/** @type {{ default: typeof import('uplot') }} */
const { default: uPlot } = await import(document.body.dataset.charts ?? '');

/** @typedef {{ at: number[], loaded: number[], rejected: number[], seconds: number[], failed: number[], run: string[] }} Series */

/** Places in a series, between runs. @typedef {{ min: number, max: number }} Range */

/** @param {string} name */
const colour = (name) => {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
};

const language = document.documentElement.lang;
const hundreds = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
const small = new Intl.NumberFormat(language, { maximumSignificantDigits: 2 });

/** @type {Readonly<Record<string, (value: number) => string>>} */
const texts = {
  loaded: (value) => (value < 100 ? whole : hundreds).format(value),
  rejected: (value) => `${(value < 1 ? small : whole).format(value)} %`,
  seconds: (value) => (value >= 60 ? `${whole.format(value / 60)} min` : `${whole.format(value)} s`),
};

/** Fits each chart to its place, and shows a range of runs, or the one it shows. @type {((range?: Range) => void)[]} */
let shown = [];

/** @param {Range} range */
function showEverywhere(range) {
  for (const show of shown) show(range);
}

/** @param {HTMLElement} place @param {'loaded' | 'rejected' | 'seconds'} name @param {Series} series */
function draw(place, name, series) {
  const drawing = place.querySelector('.chart');
  if (drawing === null) return;
  const text = texts[name] ?? String;
  const axis = {
    stroke: colour('--soft'),
    ticks: { show: false },
    font: '11px system-ui',
  };
  const value = document.createElement('output');
  const bars = uPlot.paths.bars?.({ size: [0.75, 24, 1] }) ?? (() => null);
  const fill = name === 'rejected' ? '--warn-fill' : '--good-fill';
  const last = series.at.length - 0.5;
  /** @type {Bin[]} */
  let bins = [];
  let seen = { min: -0.5, max: last };
  /** Shows the runs between two places. @param {import('uplot')} self @param {Range} range */
  function show(self, range) {
    if (range.max - range.min < 1) return;
    seen = range;
    bins = binsOf(series, name, range.min, range.max, self.width);
    self.batch(() => {
      self.setData(dataOf(bins), false);
      self.setScale('x', range);
    });
  }
  const chart = new uPlot(
    {
      width: place.clientWidth,
      height: 150,
      padding: [8, 24, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: 'runs', setSeries: false },
        y: false,
        points: { show: false },
        drag: { setScale: false },
        bind: {
          dblclick: () => () => {
            showEverywhere({ min: -0.5, max: last });
            return null;
          },
        },
      },
      scales: {
        x: { time: false, range: (_, from, to) => [from, to] },
        y: { range: (_, __, top) => [0, top > 0 ? top * 1.05 : 1] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          values: (_, splits) => daysOf(splits.map((split) => series.at[Math.round(split)])),
          space: 90,
          size: 26,
        },
        {
          ...axis,
          grid: { stroke: colour('--line'), width: 1 },
          values: (_, splits) => splits.map((split) => text(split)),
          size: 62,
          space: 36,
        },
      ],
      series: [
        {},
        { fill: colour(fill), stroke: colour(fill), width: 0, paths: bars, points: { show: false } },
        { fill: colour('--bad-fill'), stroke: colour('--bad-fill'), width: 0, paths: bars, points: { show: false } },
      ],
      hooks: {
        ready: [(self) => show(self, seen)],
        setSelect: [
          (self) => {
            const { left, width } = self.select;
            if (width === 0) return;
            self.setSelect({ ...self.select, width: 0 }, false);
            show(self, { min: self.posToVal(left, 'x'), max: self.posToVal(left + width, 'x') });
          },
        ],
        setCursor: [
          (self) => {
            const bin = bins[self.cursor.idx ?? -1];
            value.textContent = bin === undefined ? '' : `${text(bin.value)} · ${timeOf(series, bin)}`;
          },
        ],
      },
    },
    dataOf([]),
    place,
  );
  drawing.remove();
  place.querySelector('figcaption')?.append(value);
  let pressedAt = 0;
  chart.over.addEventListener('mousedown', ({ clientX }) => {
    pressedAt = clientX;
  });
  chart.over.addEventListener('click', (event) => {
    const bin = bins[chart.cursor.idx ?? -1];
    if (bin !== undefined && Math.abs(event.clientX - pressedAt) < 4) open(bin);
  });
  /** A run, or the runs that a bar stands for. @param {Bin} bin */
  function open({ from, size }) {
    if (size === 1) location.href = `/runs/${encodeURIComponent(series.run[from] ?? '')}`;
    else showEverywhere({ min: from - 0.5, max: from + size - 0.5 });
  }
  shown.push((range = seen) => {
    if (chart.width !== place.clientWidth) chart.setSize({ width: place.clientWidth, height: 150 });
    show(chart, range);
  });
}

/** @typedef {{ from: number, size: number, value: number, failed: number | null }} Bin */

/**
 * The runs between two places as bars that can be told apart: each is one run, or the mean of some that follow each
 * other, whose foot is the share that failed. A run that failed is seen also where it has loaded nothing.
 *
 * @param {Series} series @param {'loaded' | 'rejected' | 'seconds'} name
 * @param {number} from @param {number} to @param {number} width  in pixels @returns {Bin[]}
 */
function binsOf(series, name, from, to, width) {
  const first = Math.max(0, Math.ceil(from));
  const end = Math.min(series.at.length, Math.floor(to) + 1);
  const size = Math.max(1, Math.ceil((end - first) / Math.max(20, (width - 86) / leastBarPixels)));
  const bins = [];
  for (let at = first; at < end; at += size) {
    const values = series[name].slice(at, Math.min(end, at + size));
    const value = values.reduce((sum, one) => sum + one, 0) / values.length;
    const failed = series.failed.slice(at, at + values.length).reduce((sum, one) => sum + one, 0);
    const isDrawn = failed > 0 && name !== 'rejected';
    bins.push({ from: at, size: values.length, value, failed: isDrawn ? (value * failed) / values.length : null });
  }
  const top = Math.max(0, ...bins.map(({ value }) => value));
  const least = top * (size === 1 ? 0.06 : 0.02);
  return bins.map((bin) => (bin.failed === null ? bin : { ...bin, failed: Math.max(least, bin.failed) }));
}

/** A bar and the gap behind it. */
const leastBarPixels = 4;

/** @param {Bin[]} bins @returns {import('uplot').AlignedData} */
function dataOf(bins) {
  return [
    bins.map(({ from, size }) => from + (size - 1) / 2),
    bins.map(({ failed, size, value }) => (failed !== null && size === 1 ? null : value)),
    bins.map(({ failed }) => failed),
  ];
}

const moment = new Intl.DateTimeFormat(language, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

/** When the runs of a bar began. @param {Series} series @param {Bin} bin */
function timeOf({ at }, { from, size }) {
  const [first = 0, last = 0] = [at[from], at[from + size - 1]];
  return moment.formatRange(new Date(first * 1000), new Date(last * 1000));
}

const day = new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric' });

/** A day is written once, where it begins. @param {(number | undefined)[]} seconds */
function daysOf(seconds) {
  const days = seconds.map((one) => (one === undefined ? '' : day.format(new Date(one * 1000))));
  return days.map((one, at) => (one === days[at - 1] ? '' : one));
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
  const hint = document.createElement('p');
  hint.className = 'quiet hint';
  hint.textContent = charts.dataset.zoom ?? '';
  charts.append(hint);
}

addEventListener('resize', () => {
  for (const show of shown) show();
});
document.addEventListener('refreshed', () => void drawAll());
void drawAll();

export {};
