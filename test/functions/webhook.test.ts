import type { LookupFunction } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { channelText, type Notice } from '../../functions/runtime/notice.ts';
import { postWebhook, type WebhookOptions } from '../../functions/runtime/webhook.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { webhooksOf } from '../../lib/config/webhook.ts';
import { serve, type TestServer } from '../support/http-server.ts';

let channel: TestServer | undefined;
afterEach(async () => {
  await channel?.close();
  channel = undefined;
});

/** A channel that answers with these statuses, one after the other and then with the last. */
async function channelOf(...statuses: readonly number[]) {
  const texts: string[] = [];
  channel = await serve(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    texts.push((JSON.parse(body) as { readonly text: string }).text);
    const status = statuses[Math.min(texts.length, statuses.length) - 1] ?? 200;
    response.writeHead(status, status === 429 ? { 'retry-after': '3' } : {}).end();
  });
  return { url: `${channel.url}/hook/secret-part`, texts };
}

const waits: number[] = [];
const options = (changes: Partial<WebhookOptions> = {}): WebhookOptions => {
  waits.length = 0;
  return {
    clock: { now: () => new Date(), sleep: async (ms) => void waits.push(ms) },
    random: () => 1,
    allowPrivate: true,
    ...changes,
  };
};

describe('a notice for a channel', () => {
  it('is posted as {"text": …}, once', async () => {
    const { texts, url } = await channelOf(200);
    await postWebhook(url, 'hello', 'etl/slack', options());
    expect(texts).toEqual(['hello']);
    expect(waits).toEqual([]);
  });

  it('is posted again after 429 and 5xx, when the channel asked or after a growing wait', async () => {
    const { texts, url } = await channelOf(429, 503, 200);
    await postWebhook(url, 'hello', 'etl/slack', options());
    expect(texts).toHaveLength(3);
    expect(waits).toEqual([3_000, 2_000]);
  });

  it('is given up after four attempts, and at once where it is refused, without the URL in the message', async () => {
    const busy = await channelOf(500);
    const said = await postWebhook(busy.url, 'x', 'etl/slack', options()).catch((error: unknown) => String(error));
    expect(said).toContain('The webhook of the secret etl/slack did not take the notice: it answered 500.');
    expect(said).not.toContain('secret-part');
    expect(busy.texts).toHaveLength(4);
    await channel?.close();
    const gone = await channelOf(404);
    await expect(postWebhook(gone.url, 'x', 'etl/slack', options())).rejects.toThrow(/it answered 404/);
    expect(gone.texts).toHaveLength(1);
  });

  it('is tried again where nothing listens, and says so without the address', async () => {
    const { url } = await channelOf(200);
    await channel?.close();
    const said = await postWebhook(url, 'x', 'etl/slack', options()).catch((error: unknown) => String(error));
    expect(said).toContain('it could not be reached (ECONNREFUSED)');
    expect(waits).toHaveLength(3);
  });

  it.each([
    'http://hooks.example.com/x',
    'https://127.0.0.1/x',
    'http://localhost:9001/2018-06-01/runtime',
    'https://169.254.169.254/latest',
    'https://[::1]/x',
    'https://10.1.2.3/x',
    'ftp://example.com/x',
    'not a url',
  ])('does not go to %s', async (url) => {
    await expect(postWebhook(url, 'x', 'etl/slack', options({ allowPrivate: false }))).rejects.toThrow(/etl\/slack/);
    expect(waits).toEqual([]);
  });

  it('does not go where a public name leads to an address that is not public', async () => {
    const resolve: LookupFunction = (_, __, callback) => callback(null, [{ address: '169.254.169.254', family: 4 }]);
    const post = postWebhook(
      'https://hooks.example.com/x',
      'x',
      'etl/slack',
      options({ allowPrivate: false, resolve }),
    );
    await expect(post).rejects.toThrow(/169\.254\.169\.254|link-local/);
    expect(waits).toEqual([]);
  });

  it('says what failed, why and where to look, with signs of markup taken literally', () => {
    const notice: Notice = {
      status: 'failed',
      execution: { id: 'arn:aws:states:us-east-1:1:execution:etl:e', name: 'e', start_time: '2025-01-01T00:00:00Z' },
      pipeline: 'sales',
      runId: 'r-1',
      stage: 'load',
      failure: { error: 'E', code: 'table_mismatch', message: 'a < b & <!channel>' },
    };
    const text = channelText({ region: 'us-east-1', deployStage: 'prod', topic: '' }, notice);
    expect(text.split('\n')).toEqual([
      '*[etl prod] sales failed in load: table_mismatch*',
      'a &lt; b &amp; &lt;!channel&gt;',
      expect.stringMatching(/^<https:\/\/us-east-1\.console\.aws\.amazon\.com\/\S+\|Execution> of run r-1$/),
    ]);
  });
});

it('the channels of a pipeline are that of the deployment and its own, each once', () => {
  const { deploy, pipelines } = parseConfig(
    `pipelines:
  a: { source_type: file, file_path: a.csv, target_table: a, notify: { webhook: { secret: own } } }
  b: { source_type: file, file_path: b.csv, target_table: b, notify: { webhook: { secret: team } } }
deploy: { notify: { webhook: { secret: team } } }`,
    'etl.yaml',
  );
  const secrets = (name: string) => webhooksOf(deploy.notify, pipelines[name]?.notify).map(({ secret }) => secret);
  expect(secrets('a')).toEqual(['team', 'own']);
  expect(secrets('b')).toEqual(['team']);
});
