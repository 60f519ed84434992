import { it } from 'vitest';
import { testExecution } from '../support/aws/execution-suite.ts';
import { lambdaNode } from '../support/aws/lambda-node.ts';

const node = lambdaNode();
if ('file' in node) testExecution(node.file);
else it.skip(`runs on the Node of Lambda, which is not here: ${node.missing}`);
