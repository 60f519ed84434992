import path from 'node:path';
import { globSync } from 'tinyglobby';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { failureOf } from '../../functions/runtime/execution-failure.ts';
import { logger, withMiddleware } from '../../functions/runtime/middleware.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { EtlError, TransientError } from '../../lib/errors.ts';
import { machineDefinition } from '../../lib/infra/machine-definition.ts';
import { conflictErrorNames, resumedErrorNames, transientErrorNames } from '../../lib/run/error-names.ts';

type ErrorClass = new (...args: readonly unknown[]) => EtlError;

/** Stands for any argument of any constructor: text, number, list and object at once. */
const anything: unknown = new Proxy(() => undefined, {
  get: (_, key) => {
    if (key === Symbol.toPrimitive) return (hint: string) => (hint === 'number' ? 1 : 'x');
    if (key === Symbol.iterator) return [][Symbol.iterator];
    return anything;
  },
  apply: () => anything,
});

/** An instance, whatever its constructor asks for. */
function made(Class: ErrorClass): EtlError {
  const args = (one: unknown): readonly unknown[] => Array.from({ length: Class.length }, () => one);
  try {
    return new Class(...args(anything));
  } catch {
    return new Class(...args('x'));
  }
}

const classes = new Map<string, EtlError>();

beforeAll(async () => {
  vi.spyOn(logger, 'error').mockImplementation(() => undefined);
  const files = globSync(['lib/**/*.ts', 'functions/runtime/errors.ts'], {
    ignore: ['lib/cli/**', 'lib/local/**', 'lib/infra/**'],
  });
  for (const file of files.filter((one) => /error|identifier/.test(path.basename(one)))) {
    const module = (await import(path.resolve(file))) as Record<string, unknown>;
    for (const value of Object.values(module)) {
      if (typeof value !== 'function' || !(value.prototype instanceof EtlError)) continue;
      const Class = value as ErrorClass;
      // The two bases, and the one that carries another function's failure and never leaves one itself.
      if (Object.getPrototypeOf(Class) === EtlError || Class.name === 'StageFailedError') continue;
      classes.set(Class.name, made(Class));
    }
  }
});

/** What Step Functions is given by a function that throws. */
async function onTheWire(error: EtlError): Promise<{ readonly name: string; readonly message: string }> {
  const handler = withMiddleware(z.unknown(), () => Promise.reject(error));
  const context = { functionName: 'test', awsRequestId: '1', getRemainingTimeInMillis: () => 10_000 };
  try {
    await handler({}, context as never);
  } catch (thrown) {
    return thrown as Error;
  }
  throw new Error('nothing was thrown');
}

/** Every name in a Retry list of the state machine that is one of ours. */
function retried(): readonly string[] {
  const machine = machineDefinition(
    parseConfig('pipelines: { a: { source_type: file, file_path: a.csv, target_table: a } }', 'etl.yaml'),
  );
  const names = JSON.stringify(machine).match(/"ErrorEquals":\[[^\]]*\]/g) ?? [];
  return [...new Set(names.flatMap((list) => list.match(/[A-Za-z.0-9]+Error(?=")|(?<=")[A-Za-z0-9]+(?=")/g) ?? []))];
}

describe('names of errors', () => {
  it('are found of all stages', () => {
    expect(classes.size).toBeGreaterThan(60);
  });

  it('arrive on the wire as the class says, with the code behind the message', async () => {
    for (const [name, error] of classes) {
      const { code, message } = error;
      const wire = await onTheWire(error);
      expect(wire.name).toBe(name);
      expect(wire.message).toBe(`${message} [${code}]`);
      expect(code).toMatch(/^[a-z0-9_]+$/);
      const cause = JSON.stringify({ errorType: wire.name, errorMessage: wire.message });
      expect(failureOf('FAILED', { Error: wire.name, Cause: cause })).toEqual({ error: name, code, message });
    }
  });

  it('of transient errors are retried by the state machine, each by one ladder, and of terminal ones by none', () => {
    const transient = [...classes].filter(([, error]) => error instanceof TransientError).map(([name]) => name);
    const listed = [...conflictErrorNames, ...resumedErrorNames, ...transientErrorNames];
    expect([...listed].sort()).toEqual(transient.sort());
    expect(new Set(listed).size).toBe(listed.length);
    const ours = retried().filter((name) => classes.has(name));
    expect(ours.sort()).toEqual(transient.sort());
  });

  it('that nobody knows come out with kind, message and place, and without what is secret in them', async () => {
    const thrown = new RangeError('no seat 7\nrow 5: secret', {
      cause: new Error(`GET https://b.example/k?X-Amz-Signature=secret ${'x'.repeat(300)}`),
    });
    const wire = await onTheWire(thrown as unknown as EtlError);
    expect(wire.name).toBe('UnexpectedError');
    expect(wire.message).toMatch(
      /^Something unexpected happened: RangeError: no seat 7 \(at .*error-names\.test\.ts:\d+:\d+/,
    );
    expect(wire.message).toContain('; caused by Error: GET https://b.example/k?… xxx');
    expect(wire.message).toMatch(/\[unexpected\]$/);
    expect(wire.message).not.toMatch(/secret|\n|x{201}|\/infra\//);
    const failure = failureOf('FAILED', { Error: wire.name, Cause: JSON.stringify({ errorMessage: wire.message }) });
    expect(failure).toMatchObject({ code: 'unexpected', message: expect.stringContaining('RangeError: no seat 7') });
  });

  it('that are none come out as what they are', async () => {
    const { message } = await onTheWire({ status: 7 } as unknown as EtlError);
    expect(message).toBe('Something unexpected happened: object {"status":7}. See the function\'s log. [unexpected]');
  });
});
