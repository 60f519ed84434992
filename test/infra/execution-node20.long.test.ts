import { testExecution } from '../support/aws/execution-suite.ts';

testExecution(process.execPath);
