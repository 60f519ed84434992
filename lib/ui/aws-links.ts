import type { ExecutionPlace } from '../run/execution-place.ts';

/** Minutes that are shown before a run's beginning and after its end; logs arrive late, and clocks differ. */
const marginMinutes = 5;

/** Where the console of an AWS partition is. */
const consoles: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
  'aws-cn': 'console.amazonaws.cn',
};

/** The parts of an execution's ARN; undefined for what is none. */
export function parseExecution(
  arn: string,
): { readonly console: string; readonly region: string; readonly machine: string; readonly name: string } | undefined {
  const [, partition = '', region = '', machine = '', name = ''] =
    /^arn:([a-z-]+):states:([a-z0-9-]+):\d+:execution:([\w-]+):([^\s:"'<>\\/?#]+)$/.exec(arn) ?? [];
  const domain = consoles[partition];
  return domain === undefined ? undefined : { console: `https://${region}.${domain}`, region, machine, name };
}

/** The execution in the console of Step Functions; undefined for what is no ARN of one. */
export function executionLink({ arn }: ExecutionPlace): string | undefined {
  const parsed = parseExecution(arn);
  if (parsed === undefined) return undefined;
  return `${parsed.console}/states/home?region=${parsed.region}#/v2/executions/details/${arn}`;
}

/**
 * The lines that all functions wrote for an execution, in CloudWatch Logs Insights, from shortly before its beginning until
 * shortly after its end; undefined where the log groups are not known.
 */
export function logsLink(
  { arn, log_groups: groups }: ExecutionPlace,
  { from, to }: { readonly from: Date; readonly to: Date },
): string | undefined {
  const parsed = parseExecution(arn);
  if (parsed === undefined || groups.length === 0) return undefined;
  const query = [
    'fields @timestamp, service, level, message',
    `filter execution = "${parsed.name}"`,
    'sort @timestamp asc',
    'limit 10000',
  ].join('\n| ');
  const moment = (time: Date, minutes: number): string =>
    insightsText(new Date(time.getTime() + minutes * 60_000).toISOString());
  const detail = [
    `end~${moment(to, marginMinutes)}`,
    `start~${moment(from, -marginMinutes)}`,
    `timeType~${insightsText('ABSOLUTE')}`,
    `tz~${insightsText('UTC')}`,
    `editorString~${insightsText(query)}`,
    `source~(${groups.map((group) => `~${insightsText(group)}`).join('')})`,
  ].join('~');
  return `${parsed.console}/cloudwatch/home?region=${parsed.region}#logsV2:logs-insights$3FqueryDetail$3D~(${detail})`;
}

/** A text as the console writes it in the address of a query: `'`, and each byte that is no letter or digit as `*2f`. */
function insightsText(text: string): string {
  const bytes = [...Buffer.from(text, 'utf8')];
  const written = bytes.map((byte) => {
    const letter = String.fromCharCode(byte);
    return /[A-Za-z0-9_.-]/.test(letter) ? letter : `*${byte.toString(16).padStart(2, '0')}`;
  });
  return `'${written.join('')}`;
}
