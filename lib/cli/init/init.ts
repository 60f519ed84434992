import { configOption, jsonOption, type RegisterCommand, targetOption } from '../command.ts';
import type { InitOptions } from './init-pipeline.ts';

/** `etl init`: makes a configuration for a source. */
export const registerInit: RegisterCommand = (program, end) => {
  program
    .command('init')
    .description('look at a file, URL or bucket, write a configuration with comments for it, and preview it')
    .argument(
      '[source]',
      'a file, a folder, a glob, a URL, s3://bucket/prefix/, or a well-known API, e.g. stripe; asked for when left out',
    )
    .option('--from <source>', 'the same, for scripts')
    .option('--name <name>', 'name of the pipeline')
    .option('--table <table>', 'table that is loaded')
    .option('--key <column...>', 'columns that identify a row: rows that are there are updated; "-" for none')
    .option('--format <format>', 'format of files whose names do not tell it: csv, tsv, json, ndjson, parquet')
    .option('--encoding <encoding>', 'encoding of text files that are not UTF-8, e.g. shift_jis')
    .option('--delimiter <character>', 'what separates the fields of CSV files')
    .option('--records-path <path>', 'JSONPath of the rows in JSON, e.g. $.data.items')
    .option('--bearer-env <name>', 'environment variable with the token of the API')
    .addOption(configOption())
    .addOption(targetOption())
    .option('-y, --yes', 'do not ask; take what would be proposed')
    .addOption(jsonOption())
    .action(async (source: string | undefined, options: InitOptions) => {
      const { initPipeline } = await import('./init-pipeline.ts');
      end(await initPipeline({ ...options, from: source ?? options.from }));
    });
};
