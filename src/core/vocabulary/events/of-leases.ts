import { row } from './row.ts'

const LEASE = { holder: 'text', provider: 'text', lease: 'text' } as const

/**
 * The events of leases. `holder` is the name of the volume or the command, `lease` the path without the
 * lease's own name.
 */
export const LEASE_EVENTS = {
  'lease.renewed': row('debug', 'renewed', { ...LEASE, seconds: 'number' }),
  'lease.over': row('info', 'cannot be renewed any more, so that its values have to be issued anew', LEASE),
  'lease.ending': row(
    'warn',
    'a lease ends soon, and the command that runs cannot take new values: --watch lets it',
    { holder: 'text' },
  ),
  'lease.renewal.failed': row('warn', 'cannot be renewed', { ...LEASE, code: 'text', error: 'text' }),
  'lease.renewal.postponed': row('warn', 'leases could not be renewed, and it is tried again', {
    holder: 'text',
    code: 'text',
    error: 'text',
  }),
  'lease.revoked': row('debug', 'revoked', LEASE),
  'lease.revocation.failed': row('warn', 'cannot be revoked now; it ends by itself in any case', {
    ...LEASE,
    code: 'text',
    error: 'text',
  }),
  'lease.lost': row(
    'warn',
    'of an earlier process, and its volume or provider is not configured any more: it ends by itself',
    LEASE,
  ),
  'lease.unrecorded': row(
    'warn',
    'the leases cannot be written to disk: after a crash they would not be revoked',
    { error: 'text' },
  ),
} as const
