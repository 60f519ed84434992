// What Lambda's Node runtime does for a function: loads its handler once, then gives it one event after another. Errors
// are passed on by name and message, as the Runtime API does.
const path = require('node:path');

const [file, name] = process.env._HANDLER.split('.');
let handler;
let initError;
try {
  handler = require(path.join(process.env.LAMBDA_TASK_ROOT, file))[name];
} catch (error) {
  initError = error;
}

function wireError(error) {
  const known = error instanceof Error;
  return {
    errorType: known ? error.name : 'Error',
    errorMessage: known ? error.message : String(error),
    trace: known && error.stack ? error.stack.split('\n') : [],
  };
}

process.on('message', async ({ deadlineMs, event, requestId }) => {
  const context = {
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: '$LATEST',
    invokedFunctionArn: process.env.TEST_FUNCTION_ARN,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: requestId,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: 'test',
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
  try {
    if (initError !== undefined) throw initError;
    const answer = await handler(event, context);
    process.send({ requestId, payload: JSON.stringify(answer === undefined ? null : answer) });
  } catch (error) {
    process.send({ requestId, error: wireError(error) });
  }
});
process.send({ ready: true });
