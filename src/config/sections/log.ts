import { LocketError } from '../../core/vocabulary/errors.ts'
import { field, section } from '../../settings/field.ts'
import { AbsolutePath, Choice, Count, Duration, Size, Text } from '../../settings/kinds.ts'
import { matching } from '../../settings/schema.ts'

/** The settings of the log. Driver options cannot change them. */
export const logSection = section('log', 'Logging', {
  format: field({
    name: 'log-format',
    env: 'LOCKET_LOG_FORMAT',
    schema: Choice(['text', 'json', 'compose']),
    default: 'text',
    summary: 'the format of log lines: text, json or compose',
    placeholder: 'FORMAT',
    driverOption: false,
  }),
  level: field({
    name: 'log-level',
    env: 'LOCKET_LOG_LEVEL',
    schema: Choice(['trace', 'debug', 'info', 'warn', 'error']),
    default: 'info',
    summary: 'the lowest level to log: trace, debug, info, warn or error',
    placeholder: 'LEVEL',
    driverOption: false,
  }),
})

/** The path of the audit log, or `off`. */
const AuditPath = Text.transform((text) => (text.toLowerCase() === 'off' ? undefined : text)).pipe(
  AbsolutePath.optional(),
)

/** The settings of the audit log. Driver options cannot change them. */
export const auditSection = section('audit', 'Audit log', {
  path: field({
    name: 'audit-log',
    env: 'LOCKET_AUDIT_LOG',
    schema: AuditPath,
    default: 'off',
    summary: 'the file that records who got which secrets: an absolute path, or off',
    placeholder: 'FILE',
    driverOption: false,
  }),
  onFailure: field({
    name: 'audit-on-failure',
    env: 'LOCKET_AUDIT_ON_FAILURE',
    schema: Choice(['warn', 'deny']),
    default: 'warn',
    summary:
      'the effect of a line that cannot be written: warn (the volume is mounted, and the gap recorded later) or deny (it is not mounted)',
    placeholder: 'POLICY',
    driverOption: false,
  }),
  maxBytes: field({
    name: 'audit-log-size',
    env: 'LOCKET_AUDIT_LOG_SIZE',
    schema: Size,
    default: '16M',
    summary: 'size after which the audit log is rotated',
    placeholder: 'SIZE',
    driverOption: false,
  }),
  files: field({
    name: 'audit-log-files',
    env: 'LOCKET_AUDIT_LOG_FILES',
    schema: Count,
    default: '10',
    summary: 'files of the audit log that are kept, the current one among them',
    placeholder: 'NUMBER',
    driverOption: false,
  }),
})

/** The setting by which `locket audit` finds the log, when no files are named. */
export const auditFileSection = section('audit-file', 'Audit log', { path: auditSection.fields.path })

/** A time: ISO 8601, or a duration before now. Returns a function of now, all in milliseconds. */
const TimeOrAge = Text.transform((text): ((now: number) => number) => {
  const age = Duration.safeParse(text)
  if (age.success) return (now) => now - age.data
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return () => time
  throw new LocketError('config', 'must be a time like 2026-11-30T05:00:00Z, or an age like 24h')
})

/** The flags of `locket audit show`. */
export const auditShowSection = section('audit-show', 'Lines to show', {
  volume: field({
    name: 'volume',
    schema: Text.optional(),
    summary: 'only lines of this volume',
    placeholder: 'NAME',
  }),
  reference: field({
    name: 'reference',
    schema: Text.optional(),
    summary: 'only references that begin with this text',
    placeholder: 'TEXT',
  }),
  since: field({
    name: 'since',
    schema: TimeOrAge.optional(),
    summary: 'only lines of this time or later: 2026-11-30T05:00:00Z, or an age like 24h',
    placeholder: 'TIME',
  }),
  until: field({
    name: 'until',
    schema: TimeOrAge.optional(),
    summary: 'only lines of this time or earlier',
    placeholder: 'TIME',
  }),
  format: field({
    name: 'format',
    schema: Choice(['table', 'json']),
    default: 'table',
    summary: 'table, or json for the lines as they are in the log',
    placeholder: 'FORMAT',
  }),
})

/** The flags of `locket audit verify`. */
export const auditVerifySection = section('audit-verify', 'Check', {
  expect: field({
    name: 'expect',
    schema: matching(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits').optional(),
    summary: 'a hash that an earlier check has printed: its line must still be there',
    placeholder: 'HASH',
  }),
  head: field({
    name: 'head',
    schema: Text.optional(),
    summary: 'a file of `locket audit head`: its signature must be right, and its line still there',
    placeholder: 'FILE',
  }),
})
