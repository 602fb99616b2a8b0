import { row } from './row.ts'

/** The events of `locket serve`. */
export const BROKER_EVENTS = {
  'broker.listening': row('info', 'serving machines at {address}, and the admin API at {admin}', {
    address: 'text',
    admin: 'text',
    machines: 'number',
  }),
  'broker.made': row('info', 'made the keys of this broker: keep a backup of the folder', { folder: 'text' }),
  'broker.audit-fails': row('error', 'the audit of the broker cannot be written: {error}', { error: 'text' }),
  'broker.audit-works': row('info', 'the audit of the broker is written again', { lost: 'number' }),
  'broker.policy': row('info', 'the policy of {path} is in effect', { path: 'text', rules: 'number' }),
  'broker.policy-kept': row('error', 'the policy stays as it was: {error}', { path: 'text', error: 'text' }),
  'broker.policy-fails': row('error', 'a read was denied, because of {rule}: {error}', {
    rule: 'text',
    error: 'text',
  }),
  'broker.stopping': row('info', 'stopping', {}),
  'broker.refused': row('warn', 'a request of a machine was refused: {reason}', {
    machine: 'text',
    address: 'text',
    reason: 'text',
  }),
  'broker.unread': row('warn', 'a secret could not be read: {error}', {
    secret: 'text',
    code: 'text',
    error: 'text',
  }),
  'broker.changed': row('info', '{action}', { action: 'text', target: 'text' }),
  'broker.certificate': row('info', 'the certificate of the broker was renewed', {}),
  'dashboard.listening': row('info', 'the dashboard is at {url}', { url: 'text' }),
  'dashboard.setup': row(
    'warn',
    'the dashboard has no people yet: {file} holds the link for the first administrator',
    { file: 'text' },
  ),
  'dashboard.login-failed': row('warn', 'a login to the dashboard failed', {
    person: 'text',
    address: 'text',
  }),
  'grackle.socket': row(
    'warn',
    "clients of grackleclub's protocol are answered on a socket: if a proxy speaks to them without TLS, nothing vouches for a value",
    {},
  ),
  'grackle.registry': row('info', 'the registry of {path} is in effect', { path: 'text', clients: 'number' }),
  'grackle.row': row('error', 'a row of the registry is left out: {fault}', { path: 'text', fault: 'text' }),
  'grackle.registry-kept': row('error', 'the registry stays as it was: {error}', {
    path: 'text',
    error: 'text',
  }),
  'grackle.refused': row('warn', "a request of grackleclub's protocol was refused: {reason}", {
    address: 'text',
    reason: 'text',
    machine: 'text',
  }),
  'grackle.too-large': row(
    'warn',
    'a value has more than the {most} bytes that the RSA key of the client can encrypt',
    { machine: 'text', secret: 'text', most: 'number' },
  ),
  'broker.trouble': row('error', 'a part of the broker does not work: {error}', { error: 'text' }),
} as const
