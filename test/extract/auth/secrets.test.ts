import { describe, expect, it } from 'vitest';
import { InvalidConfigError } from '../../../lib/config/errors.ts';
import { parseConfig } from '../../../lib/config/read-config.ts';
import { extract } from '../../../lib/extract/extract.ts';
import { readRows, sendJson, setup, startApi } from '../extract-setup.ts';

describe('secrets by names of their own', () => {
  const secrets = { key: { env: 'KEY' }, company: { secret: 'c', key: 'id' } };

  it('stand in the endpoint, parameters, headers and body', async () => {
    const api = await startApi((_, response) => sendJson(response, [{ id: 1 }]));
    const { request } = setup(
      {
        source_type: 'api',
        endpoint: 'v1/{secret.company}/rows',
        method: 'POST',
        params: { k: 'a-{secret.key}' },
        headers: { 'X-Auth': 'Token token={secret.key}' },
        body: { auth: { key: '{secret.key}' }, filter: { env: 'prod' } },
        secrets: { key: { env: 'OWN' } },
      },
      { base_url: api.url, secrets, headers: { 'X-All': '{secret.key}' } },
    );
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }]);
    const [seen] = api.seen;
    expect(seen?.url.pathname).toBe('/v1/value-of-c/rows');
    expect(seen?.url.searchParams.get('k')).toBe('a-value-of-OWN');
    expect([seen?.headers['x-auth'], seen?.headers['x-all']]).toEqual(['Token token=value-of-OWN', 'value-of-OWN']);
    expect(JSON.parse(seen?.body ?? '')).toEqual({ auth: { key: 'value-of-OWN' }, filter: { env: 'prod' } });
  });

  it('are in no message and in nothing that is kept', async () => {
    const api = await startApi(({ body, url }, response) =>
      sendJson(response, { error: `${url.href} ${body}` }, {}, 400),
    );
    const { request } = setup(
      { source_type: 'api', endpoint: 'v1/{secret.company}/rows', method: 'POST', body: { k: '{secret.key}' } },
      { base_url: api.url, secrets },
    );
    const failed = extract(request);
    await expect(failed).rejects.toMatchObject({ code: 'api_status' });
    await expect(failed).rejects.toThrow(/^(?!.*value-of-).*\*\*\*/s);
    const kept = Buffer.from((await request.store.get('runs/r1/raw/cursor.json')) ?? []).toString();
    expect(kept).not.toContain('value-of-');
  });

  it.each([
    [{ params: { k: '{secret.kee}' } }, 'pipelines.p.params.k: has {secret.kee}, which is not in secrets; add e.g.'],
    [{ params: { k: '{secret}' } }, 'pipelines.p.params.k: has the placeholder {secret}, which needs a name'],
    [{ endpoint: 'https://{secret.key}.example.com/a' }, 'has a placeholder in its host'],
  ])('that are not there are refused: %j', (settings, problem) => {
    const pipeline = { source_type: 'api', endpoint: 'rows', target_table: 't', ...settings };
    const config = { data_source: { base_url: 'https://a.example.com', secrets }, pipelines: { p: pipeline } };
    try {
      parseConfig(JSON.stringify(config), 'etl.json');
      expect.unreachable();
    } catch (thrown) {
      if (!(thrown instanceof InvalidConfigError)) throw thrown;
      expect(thrown.problems.map(({ message, path }) => `${path}: ${message}`).join()).toContain(problem);
    }
  });
});
