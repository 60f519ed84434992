/**
 * Writes dist/sbom.cdx.json: the software bill of materials in CycloneDX, made by npm itself from the lock file and
 * reduced to what is shipped. npm's own `--omit dev` also leaves out packages that development needs besides.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { shippedPackages } from './shipped-packages.mjs';

const made = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  shell: process.platform === 'win32',
});
const all = JSON.parse(made);
const shipped = new Map(shippedPackages().map((entry) => [`${entry.name}@${entry.version}`, entry.integrity]));
const root = all.metadata.component['bom-ref'];
const components = all.components
  .filter(({ name, version }) => shipped.has(`${name}@${version}`))
  .map((component) => ({ ...component, hashes: hashesOf(shipped.get(`${component.name}@${component.version}`)) }));
const refs = new Set([root, ...components.map((component) => component['bom-ref'])]);
const dependencies = all.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ dependsOn = [], ref }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
// npm takes the folder's name for the component's.
const component = { ...all.metadata.component, name: 'dsql-etl' };

/** The lock file's digest, as CycloneDX writes it; npm leaves it out where nothing is downloaded from a known address. */
function hashesOf(integrity) {
  const base64 = /^sha512-(\S+)/.exec(integrity ?? '')?.[1];
  return base64 === undefined ? [] : [{ alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') }];
}

mkdirSync('dist', { recursive: true });
writeFileSync(
  'dist/sbom.cdx.json',
  `${JSON.stringify({ ...all, metadata: { ...all.metadata, component }, components, dependencies }, null, 2)}\n`,
);
process.stdout.write(`dist/sbom.cdx.json: ${components.length} packages\n`);
