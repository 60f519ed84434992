import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runConfigured } from '../lib/cli/run/run-configured.ts';
import { loadConfig } from '../lib/config/read-config.ts';
import { messageOf } from '../lib/errors.ts';
import { startSampleApi } from './sample-api.ts';

/** `npm start`: runs the sample pipelines on the local DSQL, and says what to try next. */
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), import.meta.url.endsWith('.ts') ? '..' : '../..');
const file = path.join(root, 'examples', 'etl.yaml');

async function start(): Promise<number> {
  const loaded = loadConfig(file);
  const wished = new URL(loaded.config.data_source.base_url ?? 'http://127.0.0.1:8347');
  const api = await startSampleApi(Number(wished.port));
  try {
    const config = { ...loaded.config, data_source: { ...loaded.config.data_source, base_url: api.url } };
    const results = await runConfigured({ ...loaded, config }, [], { target: 'local' });
    const shown = path.relative(process.cwd(), file);
    process.stdout.write(
      `\nThe configuration was ${shown}. Worth trying next:\n` +
        `  npx etl sql "SELECT full_name, postcode, balance FROM users ORDER BY user_id LIMIT 5" --config ${shown}\n` +
        `  npx etl runs --config ${shown}\n` +
        `  npx etl run zipcodes --again --config ${shown}\n`,
    );
    return results.some((result) => result.status === 'failed') ? 1 : 0;
  } finally {
    await api.close();
  }
}

try {
  process.exitCode = await start();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
