import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const entrySchema = z.object({
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  dev: z.boolean().optional(),
  link: z.boolean().optional(),
  inBundle: z.boolean().optional(),
});
const packageSchema = z.object({
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
});
const bomSchema = z.object({
  bomFormat: z.literal('CycloneDX'),
  metadata: z.object({ component: z.object({ name: z.string(), version: z.string() }) }),
  components: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      hashes: z.array(z.unknown()).min(1),
      licenses: z.array(z.unknown()).min(1),
    }),
  ),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
});
const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

const { packages } = z.object({ packages: z.record(z.string(), entrySchema) }).parse(read('package-lock.json'));
const own = packageSchema.parse(read('package.json'));
const shipped = Object.entries(packages)
  .filter(([place, { dev }]) => place !== '' && dev !== true)
  .map(([place, { version }]) => `${place.slice(place.lastIndexOf('node_modules/') + 13)}@${version ?? ''}`);

describe('the supply chain', () => {
  it('has exact versions, each with the digest of its content, and no address to download from', () => {
    for (const version of Object.values({ ...own.dependencies, ...own.devDependencies, ...own.optionalDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+(-[0-9a-z.-]+)?$/i);
    }
    for (const [place, entry] of Object.entries(packages)) {
      expect([place, entry.resolved]).toEqual([place, undefined]);
      // What a package brings along is in that package's own digest.
      if (place !== '' && entry.link !== true && entry.inBundle !== true)
        expect([place, entry.integrity]).toEqual([place, expect.stringMatching(/^sha512-/)]);
    }
  });

  it('is listed in THIRD_PARTY.md as the lock file has it, with a reason for each script of an installation', () => {
    execFileSync(process.execPath, ['tooling/third-party.mjs', '--check'], { stdio: 'pipe' });
    const listed = readFileSync('THIRD_PARTY.md', 'utf8');
    for (const one of shipped) expect(listed).toContain(`| ${one.replace(/(.)@/, '$1 | ')} |`);
    expect(listed).not.toContain('unknown');
  });

  describe('as a bill of materials', () => {
    let bom: z.infer<typeof bomSchema>;
    beforeAll(() => {
      execFileSync(process.execPath, ['tooling/sbom.mjs'], { stdio: 'pipe' });
      bom = bomSchema.parse(read('dist/sbom.cdx.json'));
    });

    it('has every shipped package with its licence and digest, and no other', () => {
      const named = bom.components.map(({ name, version }) => `${name}@${version}`);
      expect([...new Set(named)].sort()).toEqual([...new Set(shipped)].sort());
      expect(bom.metadata.component.name).toBe('dsql-etl');
    });

    it('leads from the product to every package that it names itself', () => {
      const root = bom.dependencies.find(({ ref }) => ref.startsWith('dsql-etl@'));
      const direct = Object.entries(own.dependencies).map(([name, version]) => `${name}@${version}`);
      expect(root?.dependsOn).toEqual(expect.arrayContaining(direct));
    });
  });
});
