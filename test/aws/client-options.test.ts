import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, it, onTestFinished } from 'vitest';
import { clientOptions } from '../../lib/aws/client-options.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { serve } from '../support/http-server.ts';

it('a request that is not answered is made again, and the client says so when none is', async () => {
  let asked = 0;
  let answered = 2;
  const server = await serve((incoming, answer) => {
    incoming.resume();
    asked += 1;
    if (asked === answered) answer.end('bytes');
  });
  onTestFinished(server.close);
  const client = new S3Client({
    ...clientOptions(undefined, { connectionTimeout: 100, socketTimeout: 100 }),
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
  });
  onTestFinished(() => client.destroy());
  const get = async () => await client.send(new GetObjectCommand({ Bucket: 'a', Key: 'b' }));
  expect(await (await get()).Body?.transformToString()).toBe('bytes');
  expect(asked).toBe(2);
  answered = 0;
  await expect(get()).rejects.toThrow(/timed out|timeout/i);
  expect(asked).toBe(5);
});

it('by default all attempts of a request are given up before the time of a function is up', () => {
  const { deploy } = parseConfig(
    'pipelines: { a: { source_type: file, file_path: a.csv, target_table: a } }',
    'etl.yaml',
  );
  const { connectionTimeout, socketTimeout } = clientOptions().requestHandler;
  expect(connectionTimeout).toBeGreaterThan(0);
  expect(socketTimeout).toBeGreaterThan(connectionTimeout);
  const attemptsOfSdk = 3;
  const functions = [deploy.extract, deploy.transform, deploy.scatter, deploy.load];
  const least = Math.min(...functions.map(({ timeout_seconds: seconds }) => seconds));
  expect(attemptsOfSdk * (connectionTimeout + socketTimeout)).toBeLessThan((least * 1_000) / 2);
});
