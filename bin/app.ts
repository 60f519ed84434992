#!/usr/bin/env node
import { App } from 'aws-cdk-lib';
import { messageOf } from '../lib/errors.ts';
import { buildApp } from '../lib/infra/app.ts';
import { refuseLargeTemplates } from '../lib/infra/template-quotas.ts';

try {
  refuseLargeTemplates(buildApp(new App()).synth().stacks);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
