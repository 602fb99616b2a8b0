/**
 * The question of an engine when a task needs a Swarm secret. Every fact but the IDs is written by those who
 * may create services and secrets: they are facts for rules, not a proof of identity.
 */
export interface SecretRequest {
  /** Name of the Swarm secret. */
  readonly secret: string
  /** Labels of the secret. They are not expanded by the engine. */
  readonly labels: Readonly<Record<string, string>>
  readonly taskId: string
  /** Name of the task, for messages: `shop_db.1.x7…`. Empty when the engine does not say it. */
  readonly task: string
  /** Name of the service. Empty when the engine does not say it. */
  readonly service: string
  readonly serviceLabels: Readonly<Record<string, string>>
  /** Image of the task as the service names it, with its digest if the engine has resolved it. */
  readonly image: string
  /** ID of the node that runs the task. */
  readonly node: string
}

/** The label with which `docker stack deploy` marks what belongs to a stack. */
const STACK_LABEL = 'com.docker.stack.namespace'

/** Returns the name of the stack that the service belongs to; undefined without a stack. */
export function stackOf({ serviceLabels }: Pick<SecretRequest, 'serviceLabels'>): string | undefined {
  return Object.hasOwn(serviceLabels, STACK_LABEL) ? serviceLabels[STACK_LABEL] : undefined
}
