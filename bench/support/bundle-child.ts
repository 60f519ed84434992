import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** Bundles a script of this folder as `etl` itself is bundled, so that its start takes as long. @returns the file */
export function bundleChild(script: string): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const outfile = path.join(here, `${script}.bundle.mjs`);
  buildSync({
    entryPoints: [path.join(here, `${script}.js`)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    mainFields: ['module', 'main'],
    external: ['@duckdb/node-bindings', 'pg-native'],
    define: { navigator: '{"userAgent":"Node.js"}' },
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    minifyWhitespace: true,
    logLevel: 'error',
  });
  return outfile;
}
