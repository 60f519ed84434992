#!/usr/bin/env node
import { App } from 'aws-cdk-lib';
import { messageOf } from '../lib/errors.ts';
import { buildApp } from '../lib/infra/app.ts';

try {
  buildApp(new App()).synth();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
