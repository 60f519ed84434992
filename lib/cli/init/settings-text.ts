import { existsSync } from 'node:fs';
import path from 'node:path';
import type { NewSetting } from '../../config/new-pipeline.ts';
import { packageFolder } from '../../package-folder.ts';
import type { Preview } from '../../preview/preview.ts';
import type { Draft } from './origins.ts';

/** What a person has decided about a new pipeline. */
export interface NewPipeline {
  readonly name: string;
  readonly table: string;
  readonly keys: readonly string[];
}

/** The lines above the pipelines of a new configuration. */
export function headLines(folder: string): readonly string[] {
  return [
    `# yaml-language-server: $schema=${schemaPath(folder)}`,
    '# What is loaded into Aurora DSQL. Editors complete and check it by the line above; `etl check` explains mistakes.',
    '',
    '# Where to: without these lines it is the local DSQL.',
    '# aurora_dsql:',
    '#   hostname: <id>.dsql.<region>.on.aws',
    '',
  ];
}

/** The JSON Schema of configurations, as this folder has it installed, else as this package has it. */
function schemaPath(folder: string): string {
  const installed = 'node_modules/dsql-etl/config.schema.json';
  if (existsSync(path.join(folder, installed))) return `./${installed}`;
  const relative = path.relative(folder, path.join(packageFolder(), 'config.schema.json')).split(path.sep).join('/');
  return relative.startsWith('.') ? relative : `./${relative}`;
}

/** The settings of a pipeline in their order, with what a person should know of them as comments. */
export function settingsOf(draft: Draft, { keys, name, table }: NewPipeline, look: Preview): readonly NewSetting[] {
  const key = keys.join(', ');
  const load: readonly NewSetting[] =
    keys.length === 0
      ? [
          {
            comment: [
              'Rows are added; a file that was loaded already is skipped. Where columns identify a row, rows that are there can be updated:',
              'load_mode: upsert',
              'key_columns: [id]',
            ],
          },
        ]
      : [
          {
            comment: [`A row whose ${key} is there is updated; another one is added.`],
            key: 'load_mode',
            value: 'upsert',
          },
          { key: 'key_columns', value: keys },
        ];
  return [
    { comment: [shapeOf(look), ...draft.notes] },
    ...Object.entries(draft.source).map(([setting, value]) => ({ key: setting, value })),
    { key: 'target_table', value: table },
    ...load,
    {
      comment: [
        `Types are inferred from all rows. This writes them here, as a contract for later runs: etl lock ${name}`,
        'Rules run in their order:',
        'business_rules:',
        '  - { type: filter, condition: "status = \'active\'" }',
      ],
    },
  ];
}

/** What was seen of the source, in a sentence. */
export function shapeOf({ columns, counts, rows_limit: limit }: Preview): string {
  const own = columns.slice(1, -1).filter(({ state }) => state !== 'gone');
  const rows = counts.rows_read.toLocaleString('en');
  const many = `${rows} ${counts.rows_read === 1 ? 'row' : 'rows'}`;
  const read = limit !== null && counts.rows_read >= limit ? `more than ${many}` : many;
  return `It had ${read} of ${own.length} ${own.length === 1 ? 'column' : 'columns'} when this was written.`;
}
