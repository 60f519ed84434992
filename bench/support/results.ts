import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const file = 'bench/results.md';
const title = '# Results\n';

/** Puts a benchmark's report, under the command that made it, in place of its former one in `bench/results.md`. */
export function writeResults(command: string, report: string): void {
  const present = existsSync(file) ? readFileSync(file, 'utf8') : title;
  const [, ...sections] = present.split(/^## /m);
  const heading = `\`${command}\`\n`;
  const kept = sections.filter((section) => !section.startsWith(heading));
  const all = [...kept, `${heading}\n${report.trim()}\n`].toSorted();
  writeFileSync(file, [title, ...all.map((section) => `## ${section.trim()}\n`)].join('\n'));
}
