import { createHash } from 'node:crypto';
import { type Random, randomOf } from '../../truth/random.ts';
import type { FilePipeline } from './pipeline.ts';

/** The pipeline with lists and objects in its records, and settings that take them apart; CSV has none and stays as it is. */
export function withNested(pipeline: FilePipeline, seed: number): FilePipeline {
  const random = randomOf(seed + 3_000_017);
  const isText = Object.keys(pipeline.files).some((name) => name.endsWith('.csv'));
  if (isText || random.chance(0.4)) return pipeline;
  const files = Object.entries(pipeline.files).map(([name, content]) => {
    const lines = String(content).split('\n');
    return [name, lines.map((line, at) => withMembers(random, line, at / lines.length)).join('\n')] as const;
  });
  const { key_columns: keys } = pipeline.settings;
  const keyed = Array.isArray(keys) && keys.length > 0 && random.chance(0.6);
  const settings = {
    ...pipeline.settings,
    ...(random.chance(0.7) ? { explode: randomPath(random) } : { flatten: 1 + random.below(3) }),
    ...(random.chance(0.5) ? { flatten: 1 + random.below(3) } : {}),
    ...(keyed ? { key_columns: ['id', random.pick(['lines', 'lines.n', 'box.x'])] } : {}),
  };
  return { ...pipeline, files: Object.fromEntries(files), settings };
}

function randomPath(random: Random): unknown {
  const path = random.pick(['lines', 'lines', 'lines', 'box.tags', 'box.tags', 'box', 'c0', 'late.list']);
  return random.chance(0.5) ? path : { path, on_empty: random.pick(['keep', 'filter']) };
}

/** A record with more members; the same record has the same ones, but for some that come late. */
function withMembers(random: Random, line: string, place: number): string {
  const [, before = '', record, after = ''] = /^(\[?)(\{.*\})([,\]]?)$/s.exec(line) ?? [];
  if (record === undefined) return line;
  const own = randomOf(createHash('sha256').update(record).digest().readUInt32LE());
  const members = [
    ...(own.chance(0.85) ? [`"lines":${listOf(own)}`] : []),
    ...(own.chance(0.85) ? [`"box":${boxOf(own)}`] : []),
    ...(place > 0.7 && random.chance(0.2) ? [`"late":{"list":[${random.below(3)}],"na.me":1}`] : []),
  ];
  const inner = record.slice(1, -1);
  return `${before}{${[...(inner === '' ? [] : [inner]), ...members].join(',')}}${after}`;
}

function listOf(random: Random): string {
  if (random.chance(0.05)) return random.pick(['7', '"no list"', '{"n":1}', 'null']);
  const elements = Array.from({ length: random.below(4) }, () => {
    if (random.chance(0.1)) return random.pick(['1.50', '"x"', 'null', '[1]', '{"n":1,"n":2}']);
    const deep = random.chance(0.3) ? `,"deep":{"x":${random.below(9)},"y":{"z":"${random.below(9)}"}}` : '';
    return `{"n":${random.below(6)},"at":"2025-01-0${1 + random.below(9)}"${deep}}`;
  });
  return `[${elements.join(',')}]`;
}

function boxOf(random: Random): string {
  if (random.chance(0.08)) return random.pick(['1', '"text"', '[]', 'null', '{"x":1,"x":1}']);
  const tags = Array.from({ length: random.below(3) }, () => random.pick(['"a"', '2', 'null', '{"t":1}']));
  const members = [`"x":${random.below(90)}`, `"tags":[${tags.join(',')}]`, `"in":{"y":${random.below(5)}.5}`];
  return `{${members.filter(() => random.chance(0.8)).join(',')}}`;
}
