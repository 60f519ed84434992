import type { Command, Option } from 'commander';

/** Names that only the place of the command line knows. */
export interface KnownNames {
  readonly pipelines: () => readonly string[];
  readonly stages: () => readonly string[];
}

/**
 * What the last word of a command line may become. Nothing where it is the name of a file, or anything else that is not
 * known; a shell then proposes files.
 *
 * @param words  behind `etl`; the last one is what has been typed of the word under the cursor, also when it is empty
 */
export function candidates(program: Command, words: readonly string[], known: KnownNames): readonly string[] {
  const typed = words.at(-1) ?? '';
  const { command, open } = commandOf(program, words.slice(0, -1));
  const all = open === undefined ? wordsOf(command, typed, known) : valuesOf(open, known);
  return all.filter((word) => word.startsWith(typed));
}

/** The command that the words lead to, and the option that waits for its value. */
function commandOf(
  program: Command,
  words: readonly string[],
): { readonly command: Command; readonly open: Option | undefined } {
  let command = program;
  let open: Option | undefined;
  for (const word of words) {
    if (open !== undefined) {
      open = undefined;
      continue;
    }
    if (word.startsWith('-')) {
      const option = command.options.find(({ long, short }) => word === long || word === short);
      open = option?.required === true ? option : undefined;
    } else command = command.commands.find((one) => one.name() === word) ?? command;
  }
  return { command, open };
}

function wordsOf(command: Command, typed: string, known: KnownNames): readonly string[] {
  if (typed.startsWith('-')) {
    return [...command.options.flatMap(({ hidden, long }) => (hidden || !long ? [] : [long])), '--help'];
  }
  const arguments_ = command.registeredArguments;
  return [
    ...command.commands.map((one) => one.name()),
    ...arguments_.flatMap(({ argChoices }) => argChoices ?? []),
    ...(arguments_.some((one) => one.name().split('|').includes('pipeline')) ? known.pipelines() : []),
  ];
}

/** Values of an option, by its name. */
function valuesOf(option: Option, known: KnownNames): readonly string[] {
  if (option.argChoices !== undefined) return option.argChoices;
  if (option.long === '--target') return ['local'];
  return option.long === '--stage' ? known.stages() : [];
}
