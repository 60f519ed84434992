import { ownValue } from '../../own-value.ts';
import { aws as enAws } from './en/aws.ts';
import { command as enCommand } from './en/command.ts';
import { config as enConfig } from './en/config.ts';
import { credentials as enCredentials } from './en/credentials.ts';
import { files as enFiles } from './en/files.ts';
import { requests as enRequests } from './en/requests.ts';
import { responses as enResponses } from './en/responses.ts';
import { run as enRun } from './en/run.ts';
import { target as enTarget } from './en/target.ts';
import { warnings as enWarnings } from './en/warnings.ts';
import { aws as jaAws } from './ja/aws.ts';
import { command as jaCommand } from './ja/command.ts';
import { config as jaConfig } from './ja/config.ts';
import { credentials as jaCredentials } from './ja/credentials.ts';
import { files as jaFiles } from './ja/files.ts';
import { requests as jaRequests } from './ja/requests.ts';
import { responses as jaResponses } from './ja/responses.ts';
import { run as jaRun } from './ja/run.ts';
import { target as jaTarget } from './ja/target.ts';
import { warnings as jaWarnings } from './ja/warnings.ts';
import type { Remedies, Remedy } from './remedy.ts';

/** The languages in which remedies are written. */
export type RemedyLanguage = 'en' | 'ja';

/** For every code that a run, a function or a command can fail with or a run can be skipped with. */
export const codeRemedies: Readonly<Record<RemedyLanguage, Remedies>> = {
  en: {
    ...enAws,
    ...enCommand,
    ...enConfig,
    ...enCredentials,
    ...enFiles,
    ...enRequests,
    ...enResponses,
    ...enRun,
    ...enTarget,
  },
  ja: {
    ...jaAws,
    ...jaCommand,
    ...jaConfig,
    ...jaCredentials,
    ...jaFiles,
    ...jaRequests,
    ...jaResponses,
    ...jaRun,
    ...jaTarget,
  },
};

/** For every kind of warning. */
export const warningRemedies = { en: enWarnings, ja: jaWarnings } as const;

/** What to do about a code; undefined of a code of a release that this one does not know. */
export function remedyOfCode(language: RemedyLanguage, code: string): Remedy | undefined {
  return ownValue(codeRemedies[language], code);
}
