import { row } from './row.ts'

/** The events of blind mode. They are rows of EVENTS. */
export const BLIND_EVENTS = {
  'blind.listening': row('info', 'the proxy of blind mode listens', { address: 'text', secrets: 'number' }),
  'blind.unbound': row(
    'warn',
    'the values of these variables are used for no request: the mapping file has no `blind` for them',
    { variables: 'texts' },
  ),
  'blind.visible': row('warn', 'the command gets the values of these variables: `blind = false`', {
    variables: 'texts',
  }),
  'blind.old-node': row(
    'warn',
    'Node {version} ignores proxy variables: its requests go past the proxy, and fail where there is no other way out (Node 24 and later use them)',
    { version: 'text' },
  ),
  'blind.not-scrubbed': row(
    'warn',
    'values of less than 4 bytes or more than 256 KiB are not removed from answers',
    { variables: 'texts' },
  ),
  'blind.swapped': row('info', 'values were put into a request', {
    host: 'text',
    method: 'text',
    path: 'text',
    secrets: 'texts',
  }),
  'blind.left': row('warn', 'placeholders were sent unchanged: their values are not bound to this place', {
    host: 'text',
    method: 'text',
    secrets: 'texts',
  }),
  'blind.refused': row('warn', 'a request was refused: {error}', {
    host: 'text',
    method: 'text',
    error: 'text',
  }),
  'blind.kept': row('error', 'the values could not be asked for again: the proxy keeps the old ones', {
    code: 'text',
    error: 'text',
  }),
  'blind.refreshed': row('info', 'values have changed: the proxy uses the new ones', { changed: 'number' }),
} as const
