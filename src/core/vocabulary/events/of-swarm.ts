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
} as const
