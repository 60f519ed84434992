import { html } from 'hono/html';
import { assetUrl } from './assets.ts';
import { type Html, nothing } from './html.ts';
import { links } from './links.ts';
import { themes, type View, type Viewer } from './site.ts';
import { languages } from './words/language.ts';

/** A whole page around a view. */
export function document(viewer: Viewer, view: View): Html {
  const { language, theme, words } = viewer;
  return html`<!doctype html>
<html lang="${language}" data-theme="${theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${theme === 'auto' ? 'light dark' : theme}">
<title>${view.title} · dsql-etl</title>
<link rel="icon" href="${assetUrl('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${assetUrl('ui.css')}">
${view.charts === true ? html`<link rel="stylesheet" href="${assetUrl('uplot.css')}">` : nothing}
${view.reloadSeconds === undefined ? nothing : html`<noscript><meta http-equiv="refresh" content="${view.reloadSeconds}"></noscript>`}
</head>
<body${view.events === undefined ? nothing : html` data-events="${view.events}"`}${view.charts === true ? html` data-charts="${assetUrl('uplot.js')}"` : nothing} data-lost="${words.shell.lost}">
<a class="skip" href="#main">${words.shell.skip}</a>
${header(viewer)}
<main id="main" tabindex="-1">${view.main}</main>
${footer(viewer)}
<script type="module" src="${assetUrl('ui.js')}"></script>
${view.charts === true ? html`<script type="module" src="${assetUrl('charts.js')}"></script>` : nothing}
</body>
</html>`;
}

function header({ site, url, words }: Viewer): Html {
  const entry = (href: string, text: string, current: boolean): Html =>
    html`<a href="${href}"${current ? html` aria-current="page"` : nothing}>${text}</a>`;
  const { pathname } = url;
  const at = (path: string): boolean => pathname === path || pathname.startsWith(`${path}/`);
  return html`<header class="top"><div class="wide">
<a class="brand" href="${links.overview}">${mark}<span>dsql-etl</span></a>
<nav aria-label="dsql-etl">${entry(links.overview, words.shell.overview, pathname === '/' || at('/pipelines') || at('/runs') || at('/acts'))}
${entry(links.rejected(), words.shell.rejected, at('/rejected'))}
${entry(links.data, words.shell.data, at('/data'))}</nav>
<p class="target"><span class="dot" aria-hidden="true"></span><span class="where">${site.local ? words.shell.local : site.target.where.endpoint}</span>${site.acts === undefined ? html`<span class="tag">${words.shell.readOnly}</span>` : nothing}</p>
</div></header>`;
}

const mark = html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><path d="M3 5h18l-6.5 8v6l-5 2v-8z"/></svg>`;

function footer({ format, language, now, theme, url, words }: Viewer): Html {
  const choice = (name: string, value: string, text: string, current: boolean, lang?: string): Html => {
    const address = new URL(url);
    address.searchParams.set(name, value);
    return html`<a href="${address.pathname}${address.search}" rel="nofollow"${lang === undefined ? nothing : html` lang="${lang}" hreflang="${lang}"`}${current ? html` aria-current="true"` : nothing}>${text}</a>`;
  };
  return html`<footer class="bottom"><div class="wide">
<p class="asof">${words.shell.shownAt} <time datetime="${now.toISOString()}">${format.moment(now)}</time><span id="live" role="status"></span></p>
<nav aria-label="${words.shell.languages}">${Object.entries(languages).map(([name, { language: text }]) => choice('lang', name, text, name === language, name))}</nav>
<nav aria-label="${words.shell.theme}">${themes.map((one) => choice('theme', one, words.shell.themes[one], one === theme))}</nav>
</div></footer>`;
}
