import { readFileSync } from 'node:fs';

/**
 * The packages of the lock file, sorted by name and version; the same package in several places is given once.
 *
 * @returns {readonly {name: string, version: string, license: string, integrity: string | undefined, dev: boolean, optional: boolean, installs: boolean}[]}
 */
export function lockedPackages() {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const found = new Map();
  for (const [place, entry] of Object.entries(packages)) {
    if (place === '') continue;
    const name = entry.name ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const key = `${name}@${entry.version}`;
    if (found.get(key)?.dev === false) continue;
    found.set(key, {
      name,
      version: entry.version,
      license: entry.license ?? 'unknown',
      integrity: entry.integrity,
      dev: entry.dev === true,
      optional: entry.optional === true || entry.devOptional === true,
      installs: entry.hasInstallScript === true,
    });
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

/** The packages that are installed with the product: everything but what only development needs. */
export function shippedPackages() {
  return lockedPackages().filter(({ dev }) => !dev);
}
