import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalServer, startLocalServer } from '../local-server.ts';
import { endure } from './endurance.ts';

const mebibyte = 1024 * 1024;

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
});

afterAll(async () => {
  await server.close();
});

test('two hundred writers on eight rows and thirty copiers lose nothing in a minute, beside clients that misbehave', async () => {
  const { told, held, copied, found, strange, longestMs, memory } = await endure(server, 60, 200, 30);
  expect(strange).toEqual([]);
  expect(held).toBe(told);
  expect(found).toBe(copied);
  expect(longestMs).toBeLessThan(10_000);
  const settled = memory.slice(Math.floor(memory.length / 3));
  expect(Math.max(...settled) - Math.min(...settled)).toBeLessThan(150 * mebibyte);
});
