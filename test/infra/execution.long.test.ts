import { testExecution } from '../support/aws/execution-suite.ts';
import { newestNode } from '../support/aws/newest-node.ts';

testExecution(newestNode());
