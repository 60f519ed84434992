import { createInterface } from 'node:readline/promises';
import { TerminalError } from '../../errors.ts';
import { InvalidOptionError } from '../exit-status.ts';

/** A question whose answer a flag can give. */
export interface Question {
  readonly text: string;
  /** The flag that answers it, for whoever cannot be asked. */
  readonly flag: string;
  /** What an empty answer means; without it an answer is needed. */
  readonly preset?: string | undefined;
  /** Why an answer cannot be used; undefined where it can. */
  readonly problem: (answer: string) => string | undefined;
}

/** Asks on the terminal, or takes what a flag has said. */
export interface Asker {
  /**
   * @param given  what the flag says
   * @throws {InvalidOptionError} where the flag's value cannot be used, or is missing and nobody can be asked
   */
  readonly ask: (question: Question, given: string | undefined) => Promise<string>;
  readonly close: () => void;
}

/** A question has no answer, and nobody is there to be asked. */
export class AnswerNeededError extends TerminalError {
  override readonly name = 'AnswerNeededError';
  readonly code = 'answer_needed';

  constructor({ flag, text }: Pick<Question, 'flag' | 'text'>) {
    super(`Nobody can be asked here, so ${flag} is needed: ${text}. Nothing was written.`);
  }
}

/** Where questions are asked. */
export interface AskStreams {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };
  readonly output: NodeJS.WritableStream;
}

/** @param yes  take what is preset, and ask nothing */
export function openAsker(yes: boolean, streams: AskStreams = { input: process.stdin, output: process.stderr }): Asker {
  const people = !yes && streams.input.isTTY === true;
  const terminal = people ? createInterface(streams) : undefined;
  // Lines that come before their question wait for it, as when several are pasted at once.
  const lines = terminal?.[Symbol.asyncIterator]();
  terminal?.on('SIGINT', () => terminal.close());
  return {
    ask: async (question, given) => {
      if (given !== undefined) return checked(question, given);
      if (lines === undefined) {
        if (question.preset !== undefined) return question.preset;
        throw new AnswerNeededError(question);
      }
      const preset = question.preset === undefined || question.preset === '' ? '' : ` [${question.preset}]`;
      for (;;) {
        streams.output.write(`${question.text}${preset}: `);
        const line = await lines.next();
        if (line.done === true) throw new AnswerNeededError(question);
        const said = line.value.trim();
        const answer = said === '' ? question.preset : said;
        const problem = answer === undefined ? 'an answer' : question.problem(answer);
        if (answer !== undefined && problem === undefined) return answer;
        streams.output.write(`Expected ${problem ?? ''}\n`);
      }
    },
    close: () => terminal?.close(),
  };
}

function checked({ flag, problem }: Question, given: string): string {
  const why = problem(given);
  if (why !== undefined) throw new InvalidOptionError(flag, given, why);
  return given;
}
