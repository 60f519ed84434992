import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { packageFolder } from '../package-folder.ts';
import type { main } from './main.ts';

/** The program of `etl`, and what is to be done when it has ended well. */
interface LoadedCommand {
  readonly main: typeof main;
  readonly keep: () => void;
}

/** What the bundle's function is called with, as Node calls those of CommonJS modules. */
type BundleFunction = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: { readonly main?: typeof main } },
  filename: string,
) => void;

/**
 * Loads the command line from its bundle (tooling/bundle-command.mjs), which is one file instead of a thousand, with the
 * machine code that V8 made of it in an earlier run of the same command. Where there is no bundle, or sources were built
 * after it, the modules are loaded one by one.
 *
 * The code is kept beside the bundle, where that folder can be written to: who can write there can change the bundle
 * itself. Its name has the bundle's hash and Node's version, and V8 refuses what another version or other flags made.
 *
 * @param command  the first argument: each command runs another part of the bundle
 */
export async function loadCommand(command: string | undefined): Promise<LoadedCommand> {
  growYoungSpaceAtOnce();
  const bundle = freshBundle();
  if (bundle === undefined) return { main: (await import('./main.ts')).main, keep: () => undefined };
  const name = command !== undefined && /^[a-z]+$/.test(command) ? command : 'help';
  const codeFile = `${bundle}-${process.version}-${process.arch}-${name}.code`;
  const cachedData = readCode(codeFile);
  const script = new Script(readFileSync(bundle, 'latin1'), { filename: bundle, cachedData });
  const module: Parameters<BundleFunction>[2] = { exports: {} };
  (script.runInThisContext() as BundleFunction)(module.exports, createRequire(bundle), module, bundle);
  if (module.exports.main === undefined) throw new TypeError(`${bundle} has no main.`);
  return {
    main: module.exports.main,
    keep: () => {
      if (cachedData === undefined || script.cachedDataRejected === true) keepCode(codeFile, script.createCachedData());
    },
  };
}

/**
 * V8's space for new objects grows from 1 MB to 16 in one step instead of four: a start that meets eight collections makes
 * V8 expect a small heap, and collect all of it once more. V8 says on stderr that it does not know a flag, so the
 * versions of Node that have this one are named.
 */
function growYoungSpaceAtOnce(): void {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= 20 && major <= 22) setFlagsFromString('--semi-space-growth-factor=16');
}

/** The bundle, unless sources were built after it was made; files of a package all have the same time. */
function freshBundle(): string | undefined {
  const dist = path.join(packageFolder(), 'dist');
  try {
    const folder = path.join(dist, 'command');
    const name = readdirSync(folder).find((file) => file.endsWith('.cjs'));
    if (name === undefined) return undefined;
    const bundle = path.join(folder, name);
    return statSync(bundle).mtimeMs >= statSync(path.join(dist, 'lib', 'cli', 'main.js')).mtimeMs ? bundle : undefined;
  } catch {
    return undefined;
  }
}

const digestBytes = 20;

function digestOf(code: Uint8Array): Buffer {
  return createHash('sha1').update(code).digest();
}

/** Code that was kept, if it is whole: V8 does not look, and ends the process where a byte of it has changed. */
function readCode(file: string): Buffer | undefined {
  try {
    const kept = readFileSync(file);
    const code = kept.subarray(digestBytes);
    return digestOf(code).equals(kept.subarray(0, digestBytes)) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** Complete or not at all; a folder that cannot be written to keeps none. */
function keepCode(file: string, code: Buffer): void {
  const whole = `${file}.${process.pid}`;
  try {
    writeFileSync(whole, Buffer.concat([digestOf(code), code]));
    renameSync(whole, file);
  } catch {
    rmSync(whole, { force: true });
  }
}
