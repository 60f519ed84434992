/** The error names of Step Functions and Lambda, with a code and what to do. */
export const knownFailures: Readonly<Record<string, readonly [code: string, message: string]>> = {
  TIMED_OUT: [
    'run_timed_out',
    'The run took longer than deploy.run_timeout_minutes allows. What is loaded stays; run again to go on.',
  ],
  ABORTED: ['run_aborted', 'The execution was stopped by hand. What is loaded stays; run again to go on.'],
  'States.Timeout': ['function_timed_out', 'A function did not respond in time.'],
  'Sandbox.Timedout': ['function_timed_out', 'A function ran out of time. Raise its timeout_seconds or memory_mb.'],
  'Runtime.OutOfMemory': ['function_out_of_memory', 'A function ran out of memory. Raise its memory_mb.'],
  'Runtime.ExitError': [
    'function_crashed',
    'A function crashed, most likely because it ran out of memory. Raise its memory_mb.',
  ],
  'States.ExceedToleratedFailureThreshold': [
    'child_failed',
    'A child execution of a distributed map failed, and its reason was not kept. Look at the map run of the execution in the console.',
  ],
  'Lambda.Unknown': ['function_crashed', 'A function ended without a response. See its log.'],
};

/** Their codes, which no error class has. */
export const knownFailureCodes: readonly string[] = [...new Set(Object.values(knownFailures).map(([code]) => code))];
