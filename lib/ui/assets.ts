import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { packageFolder } from '../package-folder.ts';

/** What the browser gets besides the pages, all from this package and its dependencies. */
interface Asset {
  readonly content: Buffer;
  readonly type: string;
  /** Of its content. */
  readonly version: string;
}

const own = path.join(packageFolder(), 'lib', 'ui', 'assets');
const charts = path.dirname(
  createRequire(path.join(packageFolder(), 'package.json')).resolve('uplot/dist/uPlot.esm.js'),
);

/** The style sheet's parts; a later one wins over an earlier one. */
const styles = [
  'styles/base.css',
  'styles/shell.css',
  'styles/page.css',
  'styles/status.css',
  'styles/forms.css',
  'styles/lists.css',
  'styles/strip.css',
  'styles/run.css',
  'styles/pipeline.css',
  'styles/data.css',
  'styles/acts.css',
  'styles/narrow.css',
] as const;

const files = {
  'ui.css': [own, styles, 'text/css; charset=utf-8'],
  'ui.js': [own, 'ui.js', 'text/javascript; charset=utf-8'],
  'charts.js': [own, 'charts.js', 'text/javascript; charset=utf-8'],
  'icon.svg': [own, 'icon.svg', 'image/svg+xml'],
  'uplot.js': [charts, 'uPlot.esm.js', 'text/javascript; charset=utf-8'],
  'uplot.css': [charts, 'uPlot.min.css', 'text/css; charset=utf-8'],
} as const satisfies Readonly<Record<string, readonly [string, string | readonly string[], string]>>;

export type AssetName = keyof typeof files;

const read = new Map<AssetName, Asset>();

/** An asset by its name; each is read once. @throws when the package is incomplete */
export function assetOf(name: AssetName): Asset {
  const known = read.get(name);
  if (known !== undefined) return known;
  const [folder, file, type] = files[name];
  const content = Buffer.concat([file].flat().map((one) => readFileSync(path.join(folder, one))));
  const version = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const asset = { content, type, version };
  read.set(name, asset);
  return asset;
}

/** Whether the page has an asset of this name. */
export function isAsset(name: string): name is AssetName {
  return Object.hasOwn(files, name);
}

/** The address of an asset; another content has another one, so a browser may keep it. */
export function assetUrl(name: AssetName): string {
  return `/assets/${name}?v=${assetOf(name).version}`;
}
