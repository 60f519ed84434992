import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendJson, startApi } from '../extract/extract-setup.ts';
import { runCommand, type Workspace, workspace } from '../support/workspace.ts';

let space: Workspace;

beforeAll(async () => {
  space = await workspace();
});

afterAll(async () => {
  await space.remove();
});

const pages = 12;
/** So long a session lasts at least. */
const sessionMs = 400;

/** An API whose refresh tokens can be used once: an old one ends the access for good. It ends sessions between pages. */
async function rotatingApi() {
  const state = { current: 'first', good: '', since: 0, refreshed: 0, revoked: false };
  const api = await startApi(async ({ body, headers, url }, response) => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    if (url.pathname === '/token') {
      if (state.revoked || new URLSearchParams(body).get('refresh_token') !== state.current) {
        state.revoked = true;
        return sendJson(response, { error: 'invalid_grant' }, {}, 400);
      }
      state.refreshed += 1;
      Object.assign(state, { current: `r${state.refreshed}`, good: `a${state.refreshed}`, since: Date.now() });
      return sendJson(response, { access_token: state.good, refresh_token: state.current, expires_in: 3600 });
    }
    const page = Number(url.searchParams.get('page'));
    if (page % 5 === 0 && Date.now() - state.since > sessionMs) state.good = '';
    if (state.good === '' || headers.authorization !== `Bearer ${state.good}`) return sendJson(response, {}, {}, 401);
    sendJson(response, page > pages ? [] : [{ id: `${url.pathname.slice(1)}${page}` }]);
  });
  return { api, state };
}

describe('two processes that share a refresh token of which each use gives a new one', () => {
  it('never use an old one, and keep the newest where only its owner can read it', async () => {
    const { api, state } = await rotatingApi();
    const pipelines = ['a', 'b'].map(
      (name) =>
        `  ${name}: { source_type: api, endpoint: ${name}, pagination: { type: page_number }, target_table: ${name}, load_mode: upsert, key_columns: [id] }`,
    );
    space.write(
      'etl.yaml',
      `data_source:
  base_url: "${api.url}"
  auth: { type: oauth2_refresh_token, token_url: "${api.url}/token", refresh_token: { env: R } }
pipelines:
${pipelines.join('\n')}
`,
    );
    for (let round = 1; round <= 3; round += 1) {
      const ended = await Promise.all(
        ['a', 'b'].map((name) =>
          runCommand(space.folder, ['run', name, '--json', '--target', 'local'], undefined, { R: 'first' }),
        ),
      );
      for (const { status, stdout } of ended)
        expect([status, stdout]).toEqual([0, expect.stringContaining('"success"')]);
    }
    expect(state).toMatchObject({ revoked: false });
    expect(state.refreshed).toBeGreaterThan(3);
    expect(await space.sql('SELECT (SELECT count(*) FROM a) AS a, (SELECT count(*) FROM b) AS b')).toEqual([
      { a: `${pages}`, b: `${pages}` },
    ]);
    const folder = path.join(space.folder, '.etl', 'tokens');
    const kept = readdirSync(folder).filter((name) => name.endsWith('.json'));
    expect(kept).toHaveLength(1);
    const file = path.join(folder, kept[0] ?? '');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ refresh_token: state.current });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }, 180_000);
});
