import { row } from './row.ts'

const REFUSED = { secret: 'text', service: 'text', task: 'text', code: 'text', error: 'text' } as const

/** The events of Swarm secrets. They are rows of EVENTS. */
export const SWARM_EVENTS = {
  'swarm.delivered': row('debug', 'a task got its secret', {
    secret: 'text',
    service: 'text',
    task: 'text',
    from: 'text',
    ms: 'number',
  }),
  'swarm.refused': row('warn', 'a task did not get its secret: {error}', REFUSED),
  'swarm.refused.again': row('debug', 'a task did not get its secret: {error}', REFUSED, 'swarm.refused'),
  'swarm.stale': row(
    'warn',
    'the provider is out of reach: tasks get the value in memory, which was asked for at {since}',
    { secret: 'text', since: 'text', error: 'text' },
  ),
  // locket swarm rotate
  'swarm.follower': row('info', 'another manager leads the Swarm: its locket swarm rotate does the work', {}),
  'swarm.stop-first': row(
    'warn',
    'the service stops a task before its new one runs: set --update-order start-first, so that it keeps its tasks when the new ones do not start',
    { service: 'text' },
  ),
  'swarm.redeploying': row('info', 'secrets have changed: the service is redeployed', {
    service: 'text',
    secrets: 'texts',
  }),
  'swarm.redeployed': row('info', 'all tasks of the service have the new values', {
    service: 'text',
    secrets: 'texts',
  }),
  'swarm.redeploy-failed': row('error', 'the service was not redeployed: {error}', {
    service: 'text',
    error: 'text',
  }),
  'swarm.rotate-failed': row('error', 'the services cannot be looked at, and are looked at again: {error}', {
    error: 'text',
  }),
} as const
