import type { Remedies } from '../remedy.ts';

/** Of what runs in AWS, in English. */
export const aws = {
  aws_credentials: {
    means: 'There are no AWS credentials, or they cannot be used.',
    todo: 'Try `aws sts get-caller-identity`; sign in again where they have run out.',
  },
  aws_refused: { means: 'AWS refused a call.', todo: 'Ask for the permission that the message names.' },
  aws_unreachable: {
    means: 'AWS could not be reached in any of four attempts.',
    todo: 'Check the network and the Region.',
  },
  binary_not_fetched: {
    means: "DuckDB's binary for the functions' platform could not be fetched.",
    todo: 'Check the network, or set `deploy.architecture`.',
  },
  cdk_missing: {
    means: 'Deployments need packages that are not installed.',
    todo: 'Install those that the message names.',
  },
  child_failed: {
    means: 'A child execution of a distributed map failed, and its reason was not kept.',
    todo: 'Look at the map run of the execution in the console, and run again.',
  },
  clusters_unknown: {
    means: 'The two clusters of a multi-Region pair are not known yet.',
    todo: 'Deploy the clusters first, as the message says.',
  },
  execution_not_started: {
    means: 'Step Functions did not answer.',
    todo: 'Nothing; it is tried again every 5 minutes.',
  },
  function_crashed: {
    means: 'A function crashed, most likely because it ran out of memory.',
    todo: 'Raise `deploy.<stage>.memory_mb`, or load less at once; see its log.',
  },
  function_out_of_memory: {
    means: 'A function ran out of memory.',
    todo: 'Raise `deploy.<stage>.memory_mb`, or load less at once.',
  },
  function_timed_out: {
    means: 'A function ran out of time, also when it was called again; what is durable stays.',
    todo: 'Raise `deploy.<stage>.memory_mb` or `timeout_seconds`; see in its log what it waited for.',
  },
  incomplete_deployment: { means: 'A function was deployed without something it needs.', todo: 'Deploy again.' },
  invalid_input: { means: 'The input of the execution is not valid.', todo: 'Correct it; the message says how.' },
  manifest_missing: {
    means: "The run's files are not in the staging bucket.",
    todo: 'Start the run over with `"again": true`.',
  },
  not_deployable: {
    means: 'The configuration runs on a laptop and cannot run in AWS as it stands.',
    todo: 'Correct every line of the message.',
  },
  notice_not_sent: { means: 'The notice could not be published.', todo: 'Check the topic and the policy of its key.' },
  object_not_kept: {
    means: 'SQS did not answer, and an object that nobody can load could not be kept.',
    todo: 'Nothing; it is tried again every 5 minutes.',
  },
  region_unknown: { means: 'The Region is nowhere to be found.', todo: 'Give `--region`, or set `AWS_REGION`.' },
  response_not_delivered: {
    means: 'CloudFormation did not receive the result of the bootstrap.',
    todo: 'See the log of the bootstrap function, and deploy again.',
  },
  run_aborted: { means: 'Someone stopped the execution; what is loaded stays.', todo: 'Run again to go on.' },
  run_timed_out: {
    means: 'The run took longer than `deploy.run_timeout_minutes`; what is loaded stays.',
    todo: 'Look at the execution for what it waited for (runbook, RunsTimedOut), and start it again to go on.',
  },
  service_not_deployed: {
    means: 'There is no such state machine in the account and Region.',
    todo: 'Check `--stage` and `--region`, or deploy first.',
  },
  stage_interrupted: {
    means: "A stage was stopped before its function's time was up.",
    todo: 'Nothing; it goes on when it is called again.',
  },
  pieces_changed: {
    means:
      'The key of a mask rule, or another setting, changed while a run cleaned its source in pieces; nothing was loaded.',
    todo: 'Start the run again.',
  },
  stage_too_slow: {
    means: 'A stage that cannot go on in another call needs more time than its function has.',
    todo: 'Raise `deploy.<stage>.memory_mb`, or load less at once; see its log. Of a source that is cleaned in pieces raise `deploy.scatter.memory_mb`, or make `piece_mb` smaller. Any other transform goes on in further calls once it has decided about all rows: this alone took too long.',
  },
  staged_object_missing: {
    means: 'An object of the run is gone from the staging bucket.',
    todo: 'Start the run over with `"again": true`.',
  },
  store_key: {
    means: "A key would lead out of the folder that holds the run's objects.",
    todo: "Start a new run; the manifest or event is not this service's.",
  },
  store_refused: {
    means: 'The staging bucket is not there, or the permission for it.',
    todo: "Check the bucket and the function's role; deploy again.",
  },
  store_unavailable: {
    means: 'The staging bucket did not respond, or asked to slow down, in every attempt.',
    todo: 'Run again later.',
  },
  webhook_failed: {
    means: 'A webhook did not take a notice; the topic has it all the same.',
    todo: "Check the URL in the webhook's secret.",
  },
} as const satisfies Remedies;
