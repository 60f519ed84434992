import { configOption, jsonOption, type RegisterCommand, stageOption, targetOption } from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';

interface DoctorOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `etl doctor`: whether everything that a run needs is there. */
export const registerDoctor: RegisterCommand = (program, end) => {
  program
    .command('doctor')
    .description('check what a run needs: Node, package, disk, proxies, credentials, endpoint, TLS, permissions, clock')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .addOption(jsonOption())
    .action(async (options: DoctorOptions) => end(await doctor(options)));
};

async function doctor(options: DoctorOptions): Promise<ExitStatus> {
  const [{ examine }, { findingLines }] = await Promise.all([import('./examine.ts'), import('./finding.ts')]);
  const print = options.json !== true;
  const checks = await examine(options, (checked) => {
    if (print) process.stdout.write(`${findingLines(checked).join('\n')}\n`);
  });
  const failed = checks.filter(({ status }) => status === 'fail').length;
  if (!print) process.stdout.write(`${JSON.stringify({ ok: failed === 0, checks }, null, 2)}\n`);
  else {
    const warned = checks.filter(({ status }) => status === 'warn').length;
    process.stdout.write(
      failed === 0
        ? `Everything that was checked is in order${warned === 0 ? '' : `, with ${warned} ${warned === 1 ? 'warning' : 'warnings'}`}.\n`
        : `${failed} of ${checks.length} checks failed.\n`,
    );
  }
  return failed === 0 ? 0 : 1;
}
