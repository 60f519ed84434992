import { Argument, type Command } from 'commander';
import type { RegisterCommand } from '../command.ts';
import { candidates } from './candidates.ts';
import { type Shell, scripts, shells } from './scripts.ts';

/** `etl completion`: the script by which a shell completes commands, options and names of pipelines. */
export const registerCompletion: RegisterCommand = (program, end) => {
  program
    .command('completion')
    .description('print a script for the shell, which completes commands, options and names of pipelines')
    .addArgument(new Argument('<shell>', 'whose script is printed').choices([...shells]))
    .action((shell: Shell) => {
      process.stdout.write(scripts[shell]);
      end(0);
    });
};

/** Prints what the last of the words behind `etl` may become, one a line; nothing is ever wrong with them. */
export async function printCandidates(program: Command, words: readonly string[]): Promise<void> {
  const { optionalConfig } = await import('../local/state-folder.ts');
  const at = words.findIndex((word) => word === '--config' || word === '-c');
  const read = (): ReturnType<typeof optionalConfig> => {
    try {
      return optionalConfig(at === -1 ? undefined : words[at + 1]);
    } catch {
      return undefined;
    }
  };
  const found = candidates(program, words, {
    pipelines: () => Object.keys(read()?.config.pipelines ?? {}),
    stages: () => read()?.stages ?? [],
  });
  for (const word of found) process.stdout.write(`${word}\n`);
}
