import { daemonRow, type SettingRow } from './setting-rows.ts'

const ADMIN = '/var/lib/locket/admin.sock'

/** The rows of the daemon's own settings and of its log. */
export const DAEMON_ROWS: Readonly<Record<string, SettingRow>> = {
  linger: daemonRow(['0s', '1m'], [0, 60_000], 5000, ({ daemon }) => daemon.cacheTtlMs),
  'admin-socket': daemonRow(['/a', 'off'], ['/a', 'off'], ADMIN, ({ daemon }) => daemon.adminSocket),
  'metrics-address': daemonRow(
    ['[::1]:1', 'a:65535'],
    [1, 65_535],
    undefined,
    ({ daemon }) => daemon.metricsAddress?.port,
  ),
  'swarm-ttl': daemonRow(['0s', '2m'], [0, 120_000], 60_000, ({ daemon }) => daemon.swarm.ttlMs),
  'swarm-stale': daemonRow(['0s', '1h'], [0, 3_600_000], 86_400_000, ({ daemon }) => daemon.swarm.staleMs),
  managed: daemonRow(['true', 'false'], [true, false], false, ({ daemon }) => daemon.managed),
  'reset-state': daemonRow(['true', 'false'], [true, false], false, ({ daemon }) => daemon.resetState),
  'log-format': daemonRow(['json', 'compose'], ['json', 'compose'], 'text', ({ log }) => log.format),
  'log-level': daemonRow(['debug', 'error'], ['debug', 'error'], 'info', ({ log }) => log.level),
}
