import { configOption, jsonOption, type RegisterCommand, stageOption, targetOption } from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { SqlOptions } from './write-answers.ts';

/** `etl sql`: statements against the target; their rows on stdout, everything else on stderr. */
export const registerSql: RegisterCommand = (program, end) => {
  program
    .command('sql')
    .description('run SQL against the target and print the rows as they come; several statements are one transaction')
    .argument('<query>', 'the statement, or several with ; between them')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .addOption(jsonOption())
    .option('--ndjson', 'print one JSON object a row')
    .option('--csv', 'print CSV with a header')
    .action(async (query: string, options: SqlOptions) => end(await runStatements(query, options)));
};

async function runStatements(query: string, options: SqlOptions): Promise<ExitStatus> {
  const [{ openTargetOf }, { writeAnswers }] = await Promise.all([
    import('../target.ts'),
    import('./write-answers.ts'),
  ]);
  const target = await openTargetOf(options);
  try {
    return await writeAnswers(target.sql, query, options, process);
  } finally {
    await target.close();
  }
}
