import { loadVolume } from './load-volume.ts'
import type { VolumeConfig } from '../../src/config/volume/volume-config.ts'
import { formatError, toLocketError } from '../../src/core/vocabulary/errors.ts'

export type Loaded = ReturnType<typeof loadVolume>
export type Options = Readonly<Record<string, string>>

/** Two values of a setting, and where its effect can be seen. */
export interface SettingRow {
  readonly texts: readonly [string, string]
  readonly seen: readonly [unknown, unknown]
  readonly byDefault: unknown
  /** Settings that this one cannot stand without in driver options. */
  readonly alongside?: Options
  /** Flags that this setting cannot stand without. */
  readonly argv?: readonly string[]
  read(loaded: Loaded, options: Options): unknown
}

type ReadVolume = (config: VolumeConfig) => unknown

export const ROWS: Readonly<Record<string, SettingRow>> = {
  secret: {
    texts: ['a=1', 'a=2'],
    seen: ['1', '2'],
    byDefault: undefined,
    read: (loaded, options) => inline(loaded.daemon.volumeConfig(options), 'a'),
  },
  watch: row(['true', 'false'], [true, false], false, (volume) => volume.watch),
  refresh: row(['30s', 'off'], [30_000, 'off'], 'auto', (volume) => volume.refresh),
  cache: row(['24h', 'off'], [86_400_000, 'off'], 'off', (volume) => volume.cache),
  'on-change': row(['restart', 'exec:a'], ['restart', 'exec'], undefined, (it) => Object(it.onChange).kind),
  size: row(['1M', '8K'], [1_048_576, 8192], 10 * 1_048_576, (volume) => volume.tmpfs.sizeBytes),
  mode: row(['0750', '448'], [0o750, 0o700], 0o700, (volume) => volume.written.rootMode),
  flags: row(
    ['ro,exec', 'noatime'],
    [['ro', 'exec'], ['noatime']],
    ['rw', 'noexec', 'nosuid', 'nodev'],
    (volume) => volume.tmpfs.flags,
  ),
  'selinux-context': row(['a:b:c', 'd:e:f'], ['a:b:c', 'd:e:f'], undefined, (it) => it.tmpfs.selinuxContext),
  'allow-swap': row(['yes', 'off'], [true, false], false, (volume) => volume.tmpfs.allowSwap),
  'mount-timeout': row(['2s', '1m30s'], [2000, 90_000], undefined, (volume) => volume.mountTimeoutMs),
  'file-mode': row(['0640', '0400'], [0o640, 0o400], 0o600, (volume) => volume.written.fileMode),
  'dir-mode': row(['0750', '0755'], [0o750, 0o755], 0o700, (volume) => volume.written.dirMode),
  user: row(
    ['1000:2000', '7'],
    ['1000:2000', '7:7'],
    'undefined:undefined',
    ({ written }) => `${written.owner?.uid}:${written.owner?.gid}`,
  ),
  'max-file-size': row(
    ['1K', '16M'],
    [1024, 16 * 1_048_576],
    10 * 1_048_576,
    (volume) => volume.written.maxFileBytes,
  ),
  'inject-failure-policy': row(
    ['ignore', 'passthrough'],
    ['ignore', 'passthrough'],
    'error',
    (volume) => volume.written.policy,
  ),
  provider: {
    // The value alone is tested: which provider answers a scheme is tested in named-providers.test.ts.
    texts: ['local', 'nosuch'],
    seen: ['taken', 'refused'],
    byDefault: 'taken',
    read: (loaded, options) => said(() => loaded.daemon.volumeConfig(options)),
  },
  'local-file': row(['/a', '/b'], ['/a', '/b'], '/etc/locket/secrets.age', setting('local', 'file')),
  'local-key': row(['/a', '/b'], ['/a', '/b'], '/etc/locket/local.key', setting('local', 'key')),
  'connect-host': {
    ...row(
      ['http://a/', 'https://b:1/c'],
      ['http://a', 'https://b:1/c'],
      undefined,
      setting('op-connect', 'host'),
    ),
    alongside: { 'connect-token': 'file:/t' },
  },
  'connect-token': row(
    ['file:/a', 'file:/b'],
    ['/a', '/b'],
    undefined,
    credentialPath('op-connect', 'token'),
  ),
  'connect-max-concurrent': row(['1', '2'], [1, 2], 20, setting('op-connect', 'maxConcurrent')),
  'connect-max-rate': {
    ...row(['5/s, 60/m', 'none'], ['5/s 60/m', ''], '', ratesOf('op-connect')),
    alongside: { 'connect-token': 'file:/t' },
  },
  'connect-ca-cert': {
    ...row(['/a', '/b'], ['/a', '/b'], undefined, setting('op-connect', 'caCert')),
    alongside: { 'connect-token': 'file:/t' },
  },
  'bws-token': row(['file:/a', 'file:/b'], ['/a', '/b'], undefined, credentialPath('bws', 'token')),
  'bws-api-url': {
    ...row(
      ['http://a/', 'https://b:1/c'],
      ['http://a', 'https://b:1/c'],
      'https://api.bitwarden.com',
      setting('bws', 'apiUrl'),
    ),
    alongside: { 'bws-token': 'file:/t' },
  },
  'bws-identity-url': {
    ...row(
      ['http://a/', 'https://b:1/c'],
      ['http://a', 'https://b:1/c'],
      'https://identity.bitwarden.com',
      setting('bws', 'identityUrl'),
    ),
    alongside: { 'bws-token': 'file:/t' },
  },
  'bws-max-concurrent': row(['1', '2'], [1, 2], 20, setting('bws', 'maxConcurrent')),
  'bws-max-rate': {
    ...row(['2/s, 9/h', 'none'], ['2/s 9/h', ''], '5/s 60/m', ratesOf('bws')),
    alongside: { 'bws-token': 'file:/t' },
  },
  'bws-user-agent': row(['a', 'b/1 (c)'], ['a', 'b/1 (c)'], 'locket', setting('bws', 'userAgent')),
  'bws-client': row(['sdk', 'builtin'], ['sdk', 'builtin'], 'auto', setting('bws', 'client')),
  'bws-ca-cert': {
    ...row(['/a', '/b'], ['/a', '/b'], undefined, setting('bws', 'caCert')),
    alongside: { 'bws-token': 'file:/t' },
  },
  'infisical-url': {
    ...row(
      ['http://a/', 'https://b:1/c'],
      ['http://a', 'https://b:1/c'],
      'https://us.infisical.com',
      setting('infisical', 'url'),
    ),
    alongside: { 'infisical-client-secret': 'file:/t' },
  },
  'infisical-client-id': row(
    ['file:/a', 'file:/b'],
    ['/a', '/b'],
    undefined,
    credentialPath('infisical', 'clientId'),
  ),
  'infisical-client-secret': row(
    ['file:/a', 'file:/b'],
    ['/a', '/b'],
    undefined,
    credentialPath('infisical', 'clientSecret'),
  ),
  'infisical-default-environment': row(
    ['dev', 'prod'],
    ['dev', 'prod'],
    undefined,
    setting('infisical', 'defaultEnvironment'),
  ),
  'infisical-default-project-id': row(
    ['3832B656-a93b-45ad-bdfa-b267016802c3', '0123456789abcdef01234567'],
    ['3832b656-a93b-45ad-bdfa-b267016802c3', '0123456789abcdef01234567'],
    undefined,
    setting('infisical', 'defaultProjectId'),
  ),
  'infisical-default-path': row(['/a/', '/b/c'], ['/a', '/b/c'], '/', setting('infisical', 'defaultPath')),
  'infisical-default-secret-type': row(
    ['personal', 'shared'],
    ['personal', 'shared'],
    'shared',
    setting('infisical', 'defaultSecretType'),
  ),
  'infisical-max-concurrent': row(['1', '2'], [1, 2], 20, setting('infisical', 'maxConcurrent')),
  'infisical-max-rate': {
    ...row(['5/s, 60/m', 'none'], ['5/s 60/m', ''], '120/m', ratesOf('infisical')),
    alongside: { 'infisical-client-secret': 'file:/t' },
  },
  'infisical-ca-cert': {
    ...row(['/a', '/b'], ['/a', '/b'], undefined, setting('infisical', 'caCert')),
    alongside: { 'infisical-client-secret': 'file:/t' },
  },
  'bao-url': {
    ...row(['http://a/', 'https://b:1/c'], ['http://a', 'https://b:1/c'], undefined, setting('bao', 'url')),
    alongside: { 'bao-jwt': 'file:/t' },
  },
  'bao-namespace': row(['/a/b/', 'c'], ['a/b', 'c'], undefined, setting('bao', 'namespace')),
  'bao-auth-method': row(['jwt', 'token'], ['jwt', 'token'], undefined, setting('bao', 'authMethod')),
  'bao-token': row(['file:/a', 'file:/b'], ['/a', '/b'], undefined, credentialPath('bao', 'token')),
  'bao-role-id': row(['file:/a', 'file:/b'], ['/a', '/b'], undefined, credentialPath('bao', 'roleId')),
  'bao-secret-id': row(['file:/a', 'file:/b'], ['/a', '/b'], undefined, credentialPath('bao', 'secretId')),
  'bao-auth-mount': row(['a/b', 'c'], ['a/b', 'c'], 'approle', setting('bao', 'authMount')),
  'bao-auth-role': row(['a', 'b'], ['a', 'b'], undefined, setting('bao', 'authRole')),
  'bao-jwt': row(['file:/a', 'file:/b'], ['/a', '/b'], undefined, credentialPath('bao', 'jwt')),
  'bao-kv-version': row(['1', '2'], ['1', '2'], 'auto', setting('bao', 'kvVersion')),
  'bao-max-concurrent': row(['1', '2'], [1, 2], 20, setting('bao', 'maxConcurrent')),
  'bao-max-rate': {
    ...row(['5/s, 60/m', 'none'], ['5/s 60/m', ''], '', ratesOf('bao')),
    alongside: { 'bao-token': 'file:/t' },
  },
  'bao-ca-cert': {
    ...row(['/a', '/b'], ['/a', '/b'], undefined, setting('bao', 'caCert')),
    alongside: { 'bao-token': 'file:/t' },
  },
  'env-provider': daemonRow(['true', 'no'], [true, false], false, ({ daemon }) =>
    setting('env', 'isOn')(daemon.volumeConfig({})),
  ),
  'dotenv-path': daemonRow(['/a', '/b'], ['/a', '/b'], undefined, ({ daemon }) =>
    setting('dotenv', 'path')(daemon.volumeConfig({})),
  ),
  'op-token': row(['file:/a', 'file:/b'], ['/a', '/b'], undefined, (volume) => {
    const token = setting('op', 'token')(volume)
    return typeof token === 'object' && token !== null ? Reflect.get(token, 'path') : token
  }),
  'op-max-concurrent': row(['1', '2'], [1, 2], 4, setting('op', 'maxConcurrent')),
  'op-max-rate': {
    ...row(['5/s, 60/m', 'none'], ['5/s 60/m', ''], '1000/h', ratesOf('op')),
    alongside: { 'op-token': 'file:/t' },
  },
  'op-ca-cert': {
    ...row(['/a', '/b'], ['/a', '/b'], undefined, setting('op', 'caCert')),
    alongside: { 'op-token': 'file:/t' },
  },
  socket: daemonRow(
    ['/a', '/b'],
    ['/a', '/b'],
    '/run/docker/plugins/locket.sock',
    ({ daemon }) => daemon.socket,
  ),
  'state-dir': daemonRow(['/a', '/b'], ['/a', '/b'], '/var/lib/locket', ({ daemon }) => daemon.stateDir),
  'runtime-dir': daemonRow(['/a', '/b'], ['/a', '/b'], '/var/lib/locket', ({ daemon }) => daemon.runtimeDir),
  'docker-socket': daemonRow(['/a', '/b'], ['/a', '/b'], undefined, ({ daemon }) => daemon.dockerSocket),
  'template-roots': daemonRow(['/only', '/etc'], ['refused', 'taken'], 'taken', ({ daemon }) =>
    said(() => daemon.volumeConfig({ 'secret.a': '@/etc/template' })),
  ),
  'allow-inline-token': daemonRow(['true', 'false'], ['taken', 'refused'], 'refused', ({ daemon }) =>
    said(() => daemon.volumeConfig({ 'connect-token': 'canary' })),
  ),
}

/** The message of what it throws, or nothing. */
export function problemOf(attempt: () => unknown): string {
  try {
    attempt()
  } catch (thrown) {
    return formatError(toLocketError(thrown))
  }
  return ''
}

export function inline(config: VolumeConfig, name: string): string | undefined {
  const source = config.files.find((file) => file.name === name)?.source
  return source?.kind === 'inline' ? source.template : source?.path
}

export function row(
  texts: SettingRow['texts'],
  seen: SettingRow['seen'],
  byDefault: unknown,
  readVolume: ReadVolume,
): SettingRow {
  return {
    texts,
    seen,
    byDefault,
    read: (loaded, options) => readVolume(loaded.daemon.volumeConfig(options)),
  }
}

export function daemonRow(
  texts: SettingRow['texts'],
  seen: SettingRow['seen'],
  byDefault: unknown,
  read: (loaded: Loaded) => unknown,
): SettingRow {
  return { texts, seen, byDefault, read }
}

export function setting(kind: string, key: string): ReadVolume {
  return (volume) => volume.providers.find((instance) => instance.name === kind)?.settings[key]
}

export function credentialPath(kind: string, key: string): ReadVolume {
  return (volume) => {
    const credential = setting(kind, key)(volume)
    return typeof credential === 'object' && credential !== null
      ? Reflect.get(credential, 'path')
      : credential
  }
}

export function ratesOf(kind: string): ReadVolume {
  return (volume) => {
    const rates = setting(kind, 'maxRate')(volume)
    return Array.isArray(rates) ? rates.map((rate: { text: string }) => rate.text).join(' ') : rates
  }
}

function said(attempt: () => unknown): 'taken' | 'refused' {
  return problemOf(attempt) === '' ? 'taken' : 'refused'
}
