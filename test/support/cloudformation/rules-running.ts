import { createRequire } from 'node:module';
import { mayDo } from './access.ts';
import type { Region } from './cloud.ts';
import { assumable } from './rules-access.ts';
import { canBeCalled } from './rules-lambda.ts';
import { demand, type ServiceRule } from './service-rule.ts';

const validateAsl = createRequire(import.meta.url)('asl-validator') as (definition: unknown) => {
  readonly isValid: boolean;
  readonly errorsText: () => string;
};

interface MachineProperties {
  readonly RoleArn: string;
  readonly DefinitionString: string;
  readonly DefinitionSubstitutions?: Readonly<Record<string, string>>;
  readonly LoggingConfiguration?: {
    readonly Destinations?: readonly { readonly CloudWatchLogsLogGroup: { readonly LogGroupArn: string } }[];
  };
}

/** A definition with its substitutions made. */
export function definitionOf(properties: object): string {
  const { DefinitionString, DefinitionSubstitutions = {} } = properties as MachineProperties;
  return Object.entries(DefinitionSubstitutions).reduce(
    (text, [name, value]) => text.replaceAll(`\${${name}}`, value),
    DefinitionString,
  );
}

/** Step Functions developer guide, "Quotas": the definition of a state machine. */
const maxDefinitionBytes = 1_048_576;

const ofMachine: ServiceRule = {
  check: ({ properties }, region) => {
    const { LoggingConfiguration, RoleArn } = properties as unknown as MachineProperties;
    demand(
      assumable(region, RoleArn, 'states.amazonaws.com'),
      `Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role ${RoleArn}`,
    );
    const definition = definitionOf(properties);
    demand(!/\$\{[A-Za-z]/.test(definition), `Invalid State Machine Definition: a substitution is missing`);
    demand(Buffer.byteLength(definition) <= maxDefinitionBytes, 'The definition is larger than 1 MB');
    const { errorsText, isValid } = validateAsl(JSON.parse(definition));
    demand(isValid, `Invalid State Machine Definition: ${isValid ? '' : errorsText()}`);
    const [log] = LoggingConfiguration?.Destinations ?? [];
    if (log !== undefined) {
      demand(
        mayDo(region, RoleArn, 'logs:CreateLogDelivery', '*'),
        'The state machine IAM Role is not authorized to access the Log Destination',
      );
    }
  },
};

interface ScheduleProperties {
  readonly Target: { readonly Arn: string; readonly RoleArn: string };
}

const ofSchedule: ServiceRule = {
  check: ({ properties }, region) => {
    const { Target } = properties as unknown as ScheduleProperties;
    demand(
      assumable(region, Target.RoleArn, 'scheduler.amazonaws.com'),
      'The execution role you provide must allow AWS EventBridge Scheduler to assume the role.',
    );
    demand(isThere(region, Target.Arn), `The target ${Target.Arn} is not there`);
  },
};

const ofRule: ServiceRule = {
  check: ({ properties }, region) => {
    const { Targets = [] } = properties as { readonly Targets?: readonly { readonly Arn: string }[] };
    demand(Targets.length <= 5, 'A rule has five targets at most');
    for (const { Arn } of Targets) demand(isThere(region, Arn), `The target ${Arn} is not there`);
  },
};

/** Whether what a rule or schedule would call is there. */
function isThere(region: Region, arn: string): boolean {
  const service = arn.split(':')[2];
  if (service === 'lambda') return canBeCalled(region, arn);
  if (service === 'sqs') return region.by('AWS::SQS::Queue', 'Arn', arn) !== undefined;
  return region.by('AWS::StepFunctions::StateMachine', 'Arn', arn) !== undefined;
}

interface AlarmProperties {
  readonly EvaluationPeriods: number;
  readonly Period?: number;
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Period: number }; readonly Period?: number }[];
}

/** Amazon CloudWatch user guide, "Evaluating an alarm": seven days for periods of an hour and more, else one. */
const ofAlarm: ServiceRule = {
  check: ({ properties }) => {
    const { EvaluationPeriods, Metrics = [], Period } = properties as unknown as AlarmProperties;
    const periods = [Period, ...Metrics.flatMap((one) => [one.Period, one.MetricStat?.Period])];
    const longest = Math.max(...periods.filter((one) => one !== undefined));
    const days = longest >= 3_600 ? 7 : 1;
    demand(
      EvaluationPeriods * longest <= days * 86_400,
      `Metrics cannot be checked across more than ${days === 1 ? 'a day' : 'seven days'} (EvaluationPeriods * Period must be <= ${days * 86_400})`,
    );
    // A metric in a mathematical expression counts like one of ten.
    demand(Metrics.length <= 10, 'An alarm has ten metrics at most');
  },
};

/** Amazon CloudWatch user guide, "CloudWatch quotas". */
const ofDashboard: ServiceRule = {
  check: ({ properties }) => {
    const { widgets } = JSON.parse(String(properties.DashboardBody)) as {
      readonly widgets: readonly { readonly properties: { readonly metrics?: readonly unknown[] } }[];
    };
    const graphs = widgets.map((widget) => widget.properties.metrics?.length ?? 0);
    demand(widgets.length <= 500, `A dashboard has 500 widgets at most, not ${widgets.length}`);
    demand(Math.max(0, ...graphs) <= 500, 'A graph has 500 metrics at most');
    demand(graphs.reduce((sum, one) => sum + one, 0) <= 2_500, 'A dashboard has 2,500 metrics at most');
  },
};

export const runningRules: Readonly<Record<string, ServiceRule>> = {
  'AWS::CloudWatch::Alarm': ofAlarm,
  'AWS::CloudWatch::Dashboard': ofDashboard,
  'AWS::Events::Rule': ofRule,
  'AWS::Scheduler::Schedule': ofSchedule,
  'AWS::StepFunctions::StateMachine': ofMachine,
};
