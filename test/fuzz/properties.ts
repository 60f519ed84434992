import fc from 'fast-check';
import { expect, it } from 'vitest';
import { inputSchema } from '../../functions/runtime/events.ts';
import { failureOf } from '../../functions/runtime/execution-failure.ts';
import { demandOf, pipelineOf } from '../../functions/runtime/pipeline-input.ts';
import { InvalidConfigError } from '../../lib/config/errors.ts';
import type { ApiSettings } from '../../lib/config/pipeline.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteName, quoteText } from '../../lib/duckdb/quote.ts';
import { EtlError } from '../../lib/errors.ts';
import { AddressGuard } from '../../lib/extract/api/address-guard.ts';
import { Redactor } from '../../lib/extract/api/redactor.ts';
import { RequestTemplate } from '../../lib/extract/api/template/request-template.ts';
import { serviceParts } from '../../lib/infra/isolation.ts';
import { runSchema } from '../../lib/run/run.ts';
import { keyPath } from '../../lib/store/key-path.ts';
import { cleanNames } from '../../lib/transform/column-name.ts';
import { checkExpressions } from '../../lib/transform/rules/check-expressions.ts';

/** Texts as people and programs write them, and as nobody should. */
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', ' ', '.', '..', '../..', '%2e%2e', '\0', '"', "'", '`', ';', '--', '/*', '\\', '\n', '\u202e'),
  fc.constantFrom('__proto__', 'constructor', 'toString', '$where', '$x', '{{x}}', '=1+1', "'; DROP TABLE x; --"),
);

const outcomeOf = async (work: () => unknown): Promise<unknown> => {
  try {
    return await work();
  } catch (error) {
    return error;
  }
};

/** Hostile inputs of every kind; each is computed, kept as it is, or refused by an error of the service's own. */
export function hostileInputs(numRuns: number): void {
  const options = { numRuns };

  const word = fc.oneof(
    fc.constantFrom(
      'a',
      'b',
      '1',
      '1e400',
      '-9223372036854775808',
      '0x1F',
      "'x'",
      '"a"',
      'null',
      'true',
      'interval',
      'date',
    ),
    fc.constantFrom(
      '+',
      '-',
      '*',
      '/',
      '//',
      '%',
      '=',
      '<>',
      '||',
      '->',
      '->>',
      '::',
      '[',
      ']',
      '(',
      ')',
      '{',
      '}',
      ',',
      ';',
    ),
    fc.constantFrom(
      'select',
      'from',
      'where',
      'case',
      'when',
      'then',
      'end',
      'in',
      'between',
      'and',
      'not',
      'like',
      'over',
    ),
    fc.constantFrom(
      'repeat',
      'lpad',
      'printf',
      'levenshtein',
      'read_csv',
      'getenv',
      'now',
      'list_transform',
      'lambda x:',
    ),
    fc.constantFrom(
      'lower(',
      'coalesce(',
      'cast(a as',
      'try_cast(',
      'exists (',
      'columns(',
      "'unclosed",
      '/*',
      '--',
      '$1',
      '?',
    ),
    anyText,
  );
  it('an expression is one that can run, or a rule that is refused, and soon', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 12 }), async (words) => {
        const began = performance.now();
        const condition = words.join(' ');
        const outcome = await outcomeOf(() =>
          checkExpressions({ name: 'p', business_rules: [{ type: 'filter', condition }] }),
        );
        if (outcome !== undefined) expect([condition, (outcome as Error).name]).toEqual([condition, 'BadRuleError']);
        expect(performance.now() - began).toBeLessThan(10_000);
      }),
      options,
    );
  });

  it('a name is quoted so that the database reads it as it was, and column names are never lost or doubled', async () => {
    const session = await openDuckDb({ allowedDirs: [], tempDir: '/tmp', memoryLimitMb: 128, threads: 1 });
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 8 }), async (names) => {
          const clean = cleanNames(names, ['uuid_id']);
          expect(new Set([...clean, 'uuid_id']).size).toBe(names.length + 1);
          for (const name of clean) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
          const [text = ''] = names;
          fc.pre(!text.includes('\0') && text !== '' && Buffer.from(text).toString() === text);
          const read = await session.connection.runAndReadAll(`SELECT ${quoteText(text)} AS ${quoteName(text)}`);
          expect([read.columnNames(), read.getRows()]).toEqual([[text], [[text]]]);
        }),
        options,
      );
    } finally {
      session.close();
    }
  });

  it('a configuration with such names is read as it is written, or refused as a configuration', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyText, anyText, async (name, table, key) => {
        const text = JSON.stringify({
          pipelines: Object.fromEntries([
            [name, { source_type: 'file', file_path: 's3://a/b', target_table: table, key_columns: [key, 'other'] }],
          ]),
          deploy: { isolation: 'pipeline' },
        });
        const outcome = await outcomeOf(() => parseConfig(text, 'etl.json'));
        if (outcome instanceof Error) {
          expect(outcome).toBeInstanceOf(InvalidConfigError);
          return;
        }
        const config = parseConfig(text, 'etl.json');
        expect(Object.keys(config.pipelines)).toEqual([name]);
        expect(config.pipelines[name]?.target_table).toBe(table);
        for (const { config: part, suffix } of serviceParts(config)) {
          expect(suffix).toMatch(/^-[a-z0-9]+(-[a-z0-9]+)*$/);
          expect(part.aurora_dsql.user).toMatch(/^[a-z_][a-z0-9_]{1,62}$/);
        }
      }),
      options,
    );
  });

  const host = fc.oneof(
    fc.ipV4(),
    fc.ipV4Extended(),
    fc.ipV6().map((address) => `[${address}]`),
    fc.ipV4().map((address) => `[::ffff:${address}]`),
    fc.nat(0xffff_ffff).map(String),
    fc.domain(),
    fc.constantFrom('localhost', 'LOCALHOST.', '127.1', '0', '①②⑦.0.0.1', 'metadata.google.internal'),
  );
  const scheme = fc.constantFrom('http:', 'https:', 'HTTP:', 'file:', 'ftp:', 'data:', 'javascript:', 'gopher:', 'ws:');
  it('a URL that an API gives leads to a public address or a name, or nowhere, and no message has its secrets', async () => {
    await fc.assert(
      fc.asyncProperty(scheme, host, fc.stringMatching(/^[a-z0-9]{12}$/), async (protocol, hostname, secret) => {
        const text = `${protocol}//user:${secret}@${hostname}:8080/p?token=${secret}#${secret}`;
        fc.pre(URL.canParse(text));
        const url = new URL(text);
        const guard = new AddressGuard('http://api.example.com', false);
        const outcome = await outcomeOf(() => guard.check(url, new URL('http://api.example.com/rows')));
        if (outcome instanceof Error) {
          expect(['AddressRefusedError', 'SchemeRefusedError']).toContain(outcome.name);
          expect(outcome.message).not.toContain(secret);
        } else {
          expect(['http:', 'https:']).toContain(url.protocol);
          expect(url.hostname).not.toMatch(inside);
        }
        const redactor = new Redactor();
        redactor.learn(secret);
        expect(redactor.url(url)).not.toContain(secret);
      }),
      options,
    );
  });

  const settings = parseConfig(
    'data_source: { base_url: "https://api.example.com/v1" }\npipelines: { p: { source_type: api, endpoint: "users/{parent.id}/posts", target_table: t, parent: { endpoint: users } } }',
    'etl.yaml',
  ).pipelines.p as ApiSettings;
  it('a value of a parent is one segment of the path, or an error', async () => {
    const template = new RequestTemplate({ ...settings, headers: {} }, 'https://api.example.com/v1');
    const known = { startedAt: new Date(0), runId: 'r', environment: new Map<string, string>() };
    await fc.assert(
      fc.asyncProperty(anyText, async (value) => {
        const scope = { ...known, parent: { id: JSON.stringify(value) } };
        const outcome = await outcomeOf(() => template.fill(scope));
        if (outcome instanceof Error) {
          expect(outcome.name).toBe('ParentPathError');
          return;
        }
        const { url } = template.fill(scope);
        const [empty, version, users, segment = '', posts, ...more] = url.pathname.split('/');
        expect([url.origin, empty, version, users, posts, more]).toEqual([
          'https://api.example.com',
          '',
          'v1',
          'users',
          'posts',
          [],
        ]);
        expect(decodeURIComponent(segment)).toBe(value);
      }),
      options,
    );
  });

  it('a key of the store lies below its folder, or is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { maxLength: 5 }), async (parts) => {
        const outcome = await outcomeOf(() => keyPath('/state', ['runs', ...parts].join('/')));
        if (outcome instanceof Error) expect(outcome.name).toBe('StoreKeyError');
        else expect(outcome).toMatch(/^\/state\/runs(\/|$)/);
      }),
      options,
    );
  });

  const config = parseConfig(
    'data_source: { base_url: "https://api.example.com" }\npipelines: { api: { source_type: api, endpoint: a, target_table: a }, file: { source_type: file, file_path: s3://a/b, target_table: b } }',
    'etl.yaml',
  );
  const event = fc.oneof(
    fc.json({ maxDepth: 3 }).map((text) => JSON.parse(text) as unknown),
    fc.record(
      {
        pipeline: fc.oneof(fc.constantFrom('api', 'file'), anyText),
        run_id: anyText,
        event_id: anyText,
        params: fc.dictionary(anyText, fc.oneof(anyText, fc.integer(), fc.boolean())),
        object: fc.record({ bucket: anyText, key: anyText }),
        from: anyText,
        detail: fc.record({ bucket: fc.record({ name: anyText }), object: fc.record({ key: anyText }) }),
      },
      { requiredKeys: ['pipeline'] },
    ),
  );
  it('an event means one pipeline of the configuration, or is refused as an input', async () => {
    const before = JSON.stringify(config);
    await fc.assert(
      fc.asyncProperty(event, async (given) => {
        const parsed = inputSchema.safeParse(given);
        if (!parsed.success) return;
        expect(parsed.data.run_id ?? 'x').toMatch(/^[A-Za-z0-9_-]{1,80}$/);
        const outcome = await outcomeOf(() => pipelineOf(config, parsed.data));
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(EtlError);
        else expect(['api', 'file']).toContain(pipelineOf(config, parsed.data).name);
        expect(typeof demandOf(parsed.data).again).toBe('boolean');
        expect(JSON.stringify(config)).toBe(before);
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      }),
      options,
    );
  });

  it('a failure that Step Functions tells of has a name, a code and a message, whatever it says', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyText, fc.oneof(anyText, fc.json()), async (status, error, cause) => {
        const failure = failureOf(status, { Error: error, Cause: cause });
        expect(Object.values(failure).every((value) => typeof value === 'string')).toBe(true);
        expect(failure.code).toMatch(/^[a-z0-9_]+$/);
      }),
      options,
    );
  });

  it('a run of an event is named so that its folder is one of runs/', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (id) => {
        const run = { run_id: id, trigger: 'console', start_time: '', resumed: false, repeated: false };
        expect(runSchema.safeParse(run).success).toBe(/^[A-Za-z0-9_-]{1,80}$/.test(id));
      }),
      options,
    );
  });
}

/** Hosts in dotted or bracketed form that lie in networks of one's own; written down apart from the guard's lists. */
const inside =
  /^(localhost\.?|127\..*|10\..*|192\.168\..*|169\.254\..*|172\.(1[6-9]|2\d|3[01])\..*|0\.[\d.]*|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\..*|(22[4-9]|2[3-5]\d)\..*|\[::1?\]|\[(?![23][0-9a-f]{3}:|::|64:ff9b::).*|\[::ffff:(7f|a[0-9a-f]{2}:|c0a8:|a9fe:).*)$/i;
