import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { clientOptions } from '../../lib/aws/client-options.ts';
import { messageOf } from '../../lib/errors.ts';
import { NoticeNotSentError } from './errors.ts';
import type { Execution } from './events.ts';
import type { Failure } from './execution-failure.ts';

export interface Notice {
  readonly status: 'failed' | 'success';
  readonly execution: Execution;
  readonly pipeline: string;
  readonly runId: string;
  readonly stage: string;
  readonly failure?: Failure;
  /** Counts and the rest of the run's result, where they are known. */
  readonly summary?: unknown;
  /** Channels that did not take the notice, one sentence each. */
  readonly notTold?: readonly string[];
}

export interface NoticePlace {
  readonly region: string;
  readonly deployStage: string;
  readonly topic: string;
}

let client: SNSClient | undefined;

/**
 * Publishes a notice: a sentence for people (e-mail), the same as JSON for programs (SQS, Lambda, HTTPS), and attributes
 * for filters: pipeline, status, stage, error_code.
 *
 * @throws {NoticeNotSentError} transient
 */
export async function sendNotice(place: NoticePlace, notice: Notice): Promise<void> {
  client ??= new SNSClient({ ...clientOptions(), region: place.region });
  const document = documentOf(place, notice);
  const text = (value: string): { readonly DataType: 'String'; readonly StringValue: string } => ({
    DataType: 'String',
    StringValue: value,
  });
  try {
    await client.send(
      new PublishCommand({
        TopicArn: place.topic,
        Subject: subjectOf(place, notice),
        MessageStructure: 'json',
        Message: JSON.stringify({ default: JSON.stringify(document), email: textOf(place, notice) }),
        MessageAttributes: {
          pipeline: text(notice.pipeline),
          status: text(notice.status),
          stage: text(notice.stage),
          error_code: text(notice.failure?.code ?? 'none'),
        },
      }),
    );
  } catch (cause) {
    throw new NoticeNotSentError(messageOf(cause), { cause });
  }
}

/** SNS takes ASCII without line breaks, fewer than 100 characters. */
function subjectOf({ deployStage }: NoticePlace, { failure, pipeline, stage, status }: Notice): string {
  const what = status === 'failed' ? `failed in ${stage}: ${failure?.code ?? 'unexpected'}` : 'succeeded';
  return `[etl ${deployStage}] ${pipeline} ${what}`.replace(/[^\x20-\x7e]/g, '?').slice(0, 99);
}

function textOf(place: NoticePlace, notice: Notice): string {
  return [
    notice.status === 'failed'
      ? `Pipeline ${notice.pipeline} failed in ${notice.stage}.\n\n${notice.failure?.message ?? ''}`
      : `Pipeline ${notice.pipeline} succeeded.`,
    '',
    `Run:       ${notice.runId}`,
    `Execution: ${consoleLink(place.region, notice.execution)}`,
    ...(notice.summary === undefined ? [] : ['', JSON.stringify(notice.summary, null, 2)]),
    ...(notice.notTold ?? []).flatMap((sentence) => ['', sentence]),
  ].join('\n');
}

/** A notice in a few lines for a channel, in Slack's markup. */
export function channelText(place: NoticePlace, notice: Notice): string {
  const plain = (text: string): string =>
    text.replace(/[&<>]/g, (sign) => (sign === '&' ? '&amp;' : sign === '<' ? '&lt;' : '&gt;'));
  const link = `<${consoleLink(place.region, notice.execution)}|Execution> of run ${plain(notice.runId)}`;
  const head = `*${plain(subjectOf(place, notice))}*`;
  return [head, ...(notice.failure === undefined ? [] : [plain(notice.failure.message)]), link].join('\n');
}

function documentOf(place: NoticePlace, notice: Notice): Readonly<Record<string, unknown>> {
  return {
    run_id: notice.runId,
    pipeline: notice.pipeline,
    status: notice.status,
    deploy_stage: place.deployStage,
    stage: notice.stage,
    error: notice.failure?.error ?? null,
    error_code: notice.failure?.code ?? null,
    error_message: notice.failure?.message ?? null,
    result: notice.summary ?? null,
    not_told: notice.notTold ?? [],
    execution: notice.execution.id,
    console: consoleLink(place.region, notice.execution),
  };
}

function consoleLink(region: string, { id }: Execution): string {
  return `https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/${id}`;
}
