import { daemonRow, type SettingRow } from './setting-rows.ts'

/** The rows of the settings of the audit log. */
export const AUDIT_ROWS: Readonly<Record<string, SettingRow>> = {
  'audit-log': daemonRow(
    ['/a/log', 'off'],
    ['/a/log', undefined],
    undefined,
    ({ daemon }) => daemon.audit.path,
  ),
  'audit-on-failure': daemonRow(
    ['deny', 'warn'],
    ['deny', 'warn'],
    'warn',
    ({ daemon }) => daemon.audit.onFailure,
  ),
  'audit-log-size': daemonRow(
    ['1M', '2M'],
    [1_048_576, 2_097_152],
    16 * 1_048_576,
    ({ daemon }) => daemon.audit.maxBytes,
  ),
  'audit-log-files': daemonRow(['1', '5'], [1, 5], 10, ({ daemon }) => daemon.audit.files),
}
