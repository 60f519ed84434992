import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Everything, the suites that take minutes (`*.long.test.ts`) included. */
export default mergeConfig(
  { ...base, test: { ...base.test, exclude: ['node_modules/**'] } },
  defineConfig({ test: { testTimeout: 600_000, hookTimeout: 120_000 } }),
);
