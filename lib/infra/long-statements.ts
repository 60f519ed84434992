import { Token } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';

/**
 * Characters of one statement's resources. A managed policy takes 6,144 characters (IAM user guide, "IAM and AWS STS
 * quotas"), and the CDK, which spreads the statements of a role over several, does not cut one.
 */
const maxCharacters = 2_000;

/** An ARN that is not known before the deployment, e.g. of a queue: names of queues have 80 characters. */
const unknownArnCharacters = 150;

/** The same actions on each of these resources, in as many statements as keep each short; none for no resources. */
export function longStatements(
  sid: string,
  actions: readonly string[],
  resources: Iterable<string>,
): readonly PolicyStatement[] {
  const statements: string[][] = [];
  let left = 0;
  for (const resource of new Set(resources)) {
    const characters = Token.isUnresolved(resource) ? Math.max(resource.length, unknownArnCharacters) : resource.length;
    if (characters > left) {
      statements.push([]);
      left = maxCharacters;
    }
    statements.at(-1)?.push(resource);
    left -= characters;
  }
  return statements.map(
    (some, index) =>
      new PolicyStatement({ sid: index === 0 ? sid : `${sid}${index + 1}`, actions: [...actions], resources: some }),
  );
}
