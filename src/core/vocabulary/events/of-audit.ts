import { row } from './row.ts'

/** The events of the audit log. */
export const AUDIT_EVENTS = {
  'audit.failed': row('error', 'lines of the audit log cannot be written, audit-on-failure is {policy}', {
    error: 'text',
    policy: 'text',
  }),
  'audit.no-fingerprints': row('warn', 'the lines of the audit log have no fingerprints of the values', {
    error: 'text',
  }),
  'audit.recovered': row('info', 'lines of the audit log can be written again', { lost: 'number' }),
} as const
