import { isOfThisMachine, parseBrokerAddress } from '../../core/broker/broker-address.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { parseDuration } from '../../core/text/units.ts'
import { field, section } from '../../settings/field.ts'
import { AbsolutePath, Choice, Duration, Names, Rates, Switch, Text } from '../../settings/kinds.ts'
import { AnyText } from '../../settings/schema.ts'
import { REPORT_FORMAT } from '../sections/check.ts'
import { oidcFields } from './oidc-section.ts'

/** `:7468`, `127.0.0.1:7468` or `unix:/path`. */
const Listen = AnyText.transform((text) => {
  const at = parseBrokerAddress(text)
  if (at !== undefined) return at
  throw new LocketError('config', 'must be :PORT, ADDRESS:PORT or unix:/path/of/a/socket')
})

/** The admin API has no TLS, so no other machine may reach it. */
const AdminListen = Listen.refine(
  isOfThisMachine,
  'must be unix:/path, or a port of 127.0.0.1, ::1 or localhost',
)

/** The dashboard has no TLS either: a proxy on this host can add it. */
const DashboardListen = AnyText.transform((text) => {
  if (text === 'off') return undefined
  const at = parseBrokerAddress(text)
  if (at?.kind === 'port' && isOfThisMachine(at)) return at
  throw new LocketError('config', 'must be off, or a port of 127.0.0.1, ::1 or localhost')
})

const Origin = AnyText.transform((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' && text.replace(/\/$/, '') === url.origin) return url.origin
  throw new LocketError('config', 'must be https:// and a host name, without a path')
})

const DatabaseUrl = AnyText.transform((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const message =
    url === undefined || !/^postgres(ql)?:$/.test(url.protocol)
      ? 'must be a URL that starts with postgres://'
      : url.password === '' && !url.searchParams.has('password')
        ? undefined
        : 'must have no password, which other users could see: use PGPASSFILE'
  if (message === undefined) return text
  throw new LocketError('config', message)
})

const TWO_SECONDS_MS = 2000

const HOUR_MS = 3_600_000

/** A duration of at least an hour, or `off`. */
const KeepTime = AnyText.transform((text): number | undefined => {
  if (text.toLowerCase() === 'off') return undefined
  const ms = parseDuration(text)
  if (ms >= HOUR_MS) return ms
  throw new LocketError('config', 'must be off, or at least 1h')
})

const policyFile = field({
  name: 'policy-file',
  env: 'LOCKET_POLICY_FILE',
  schema: AbsolutePath.optional(),
  example: '/etc/locket/policy.toml',
  summary:
    'a file of rules in CEL: a granted read that no rule allows is denied; left out: grants alone decide',
  placeholder: 'FILE',
})

/** The settings of `locket serve` itself. */
export const serveSection = section('serve', 'locket serve', {
  listen: field({
    name: 'listen',
    env: 'LOCKET_LISTEN',
    schema: Listen,
    default: ':7468',
    summary: 'where machines ask: :PORT, ADDRESS:PORT or unix:/path; a port speaks TLS',
    placeholder: 'ADDRESS',
  }),
  adminListen: field({
    name: 'admin-listen',
    env: 'LOCKET_ADMIN_LISTEN',
    schema: AdminListen.optional(),
    example: '127.0.0.1:7470',
    summary: 'where the admin API listens; left out: the socket admin.sock in the state folder',
    placeholder: 'ADDRESS',
  }),
  dashboardListen: field({
    name: 'dashboard-listen',
    env: 'LOCKET_DASHBOARD_LISTEN',
    schema: DashboardListen,
    default: '127.0.0.1:7469',
    summary: 'where the dashboard listens: a port of this host, or off',
    placeholder: 'ADDRESS',
  }),
  dashboardUrl: field({
    name: 'dashboard-url',
    env: 'LOCKET_DASHBOARD_URL',
    schema: Origin.optional(),
    example: 'https://locket.example',
    summary: 'the address of the dashboard in browsers, when a proxy on this host adds TLS',
    placeholder: 'URL',
  }),
  ...oidcFields,
  stateDir: field({
    name: 'broker-dir',
    env: 'LOCKET_BROKER_DIR',
    schema: AbsolutePath,
    default: '/var/lib/locket/broker',
    userDefault: 'broker',
    summary: 'folder of the keys, the admin token and the database',
    placeholder: 'DIR',
  }),
  database: field({
    name: 'database',
    env: 'LOCKET_DATABASE',
    schema: DatabaseUrl.optional(),
    example: 'postgres://locket@db.example/locket',
    summary: 'a PostgreSQL database, for more than one replica; left out: an SQLite file in the state folder',
    placeholder: 'URL',
  }),
  names: field({
    name: 'server-name',
    env: 'LOCKET_SERVER_NAME',
    kind: 'list',
    schema: Names.optional(),
    example: 'broker.example',
    summary:
      'host names and addresses by which machines reach the broker, the main one first; left out: the name of this host',
    placeholder: 'NAME',
  }),
  url: field({
    name: 'server-url',
    env: 'LOCKET_SERVER_URL',
    schema: Text.optional(),
    example: 'https://broker.example:7468',
    summary: 'the address that machines are told; left out: https, the first server name and the port',
    placeholder: 'URL',
  }),
  tlsCert: field({
    name: 'tls-cert',
    env: 'LOCKET_TLS_CERT',
    schema: AbsolutePath.optional(),
    example: '/etc/locket/tls.pem',
    summary: 'a PEM file with a certificate and its chain; left out: locket makes an authority of its own',
    placeholder: 'FILE',
  }),
  tlsKey: field({
    name: 'tls-key',
    env: 'LOCKET_TLS_KEY',
    schema: AbsolutePath.optional(),
    example: '/etc/locket/tls-key.pem',
    summary: 'the private key of tls-cert, as PEM',
    placeholder: 'FILE',
  }),
  refreshMs: field({
    name: 'broker-refresh',
    env: 'LOCKET_BROKER_REFRESH',
    schema: Duration.refine((ms) => ms >= TWO_SECONDS_MS, 'must be at least 2s'),
    default: '1m',
    summary: 'how long a value is kept in memory, and how often watched values are asked for again',
    placeholder: 'DURATION',
  }),
  machineRate: field({
    name: 'machine-rate',
    env: 'LOCKET_MACHINE_RATE',
    schema: Rates.refine((rates) => rates.length === 1, 'must be one rate, such as 20/s'),
    default: '20/s',
    summary: 'requests of one machine: COUNT/s, COUNT/m or COUNT/h',
    placeholder: 'RATE',
  }),
  policyFile,
  sikkerkey: field({
    name: 'sikkerkey',
    env: 'LOCKET_SIKKERKEY',
    schema: Switch,
    default: 'true',
    summary: "answers the SDKs and the CLI of SikkerKey, at /v1 of the machines' address",
    placeholder: 'BOOLEAN',
  }),
  auditKeepMs: field({
    name: 'audit-keep',
    env: 'LOCKET_AUDIT_KEEP',
    schema: KeepTime,
    default: 'off',
    summary: 'how long lines of the audit are kept, such as 8760h; off: for ever',
    placeholder: 'DURATION',
  }),
  auditOnFailure: field({
    name: 'audit-on-failure',
    env: 'LOCKET_AUDIT_ON_FAILURE',
    schema: Choice(['deny', 'warn']),
    default: 'deny',
    summary:
      'the effect of a line that cannot be stored: deny (no answer without its line) or warn (the gap is recorded later)',
    placeholder: 'POLICY',
  }),
})

/** The settings of `locket serve check`. */
export const serveCheckSection = section('serve-check', 'locket serve check', {
  format: REPORT_FORMAT,
})
