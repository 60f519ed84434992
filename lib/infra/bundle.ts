import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { type AssetCode, Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';
import { packageFolder } from '../package-folder.ts';
import { copyDuckDb, type LambdaArchitecture } from './duckdb-binary.ts';

export interface BundleOptions {
  /** Names of files in `functions/`, without extension. */
  readonly entries: readonly string[];
  readonly architecture: LambdaArchitecture;
  /** Whether the functions use DuckDB, which is 70 MB of the 250 MB Lambda allows. */
  readonly duckDb: boolean;
  /** The configuration the functions run, as JSON. */
  readonly config: string;
}

const here = path.dirname(fileURLToPath(import.meta.url));
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/**
 * The code of some functions as one asset: one file each, nothing else of node_modules than DuckDB where it is
 * used, and the configuration beside them. Bundled on this machine, without Docker; the same sources give the same hash.
 */
export function bundle(options: BundleOptions): AssetCode {
  return Code.fromAsset(path.join(here, '..', '..', 'functions'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never used: bundling is local, or fails with the reason.
      image: DockerImage.fromRegistry('none'),
      // The CDK takes two bundlings of one folder for the same unless what it can see of them differs.
      environment: {
        entries: options.entries.join(),
        architecture: options.architecture,
        config: createHash('sha256').update(options.config).digest('hex'),
      },
      local: {
        tryBundle: (folder) => {
          writeBundle(folder, options);
          return true;
        },
      },
    },
  });
}

/** Writes what `bundle` zips into a folder, which Lambda unpacks as its task root. */
export function writeBundle(folder: string, { architecture, config, duckDb, entries }: BundleOptions): void {
  mkdirSync(folder, { recursive: true });
  buildSync({
    entryPoints: entries.map((entry) => path.join(here, '..', '..', 'functions', `${entry}${extension}`)),
    outdir: folder,
    bundle: true,
    // Names stay, because the stack of an unexpected error is read from a notice.
    minifyWhitespace: true,
    minifySyntax: true,
    platform: 'node',
    // The oldest Node the bundles are tested on; Lambda's is newer.
    target: 'node20',
    format: 'cjs',
    external: ['@duckdb/node-bindings'],
    // Some libraries read import.meta.url, which a CommonJS bundle does not have.
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    legalComments: 'none',
    logLevel: 'error',
  });
  writeFileSync(path.join(folder, 'etl.json'), config);
  if (duckDb) copyDuckDb(packageFolder(), folder, architecture);
}
