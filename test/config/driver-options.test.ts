import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadVolume } from './load-volume.ts'
import { inline, problemOf, type Options } from './setting-rows.ts'
const POD_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'
/** Files that providers read although no setting names them, or by the default of a setting. */
const OF_TOOLS = '.aws/credentials .aws/config .config/gcloud/application_default_credentials.json'
const OF_LOCKET = ['/etc/locket/age.key', '/root/.gnupg', '/etc/locket/identity/identity.json']
const HOME_FILES = OF_TOOLS.split(' ').map((path) => `/root/${path}`)
const OWN_FILES = [POD_TOKEN, ...HOME_FILES, ...OF_LOCKET, '/etc/locket/identity']
const KEYS = ['/etc/locket/secrets.age', '/etc/locket/keys/local.key']
const CANARY = 'canary-option-77d0'
const NO_FILE = '/nonexistent/locket.toml'

/** A daemon as its operator set it up. */
function daemon(argv: readonly string[] = [], env: Record<string, string> = {}) {
  return loadVolume(argv, env, NO_FILE).daemon
}

/** The operator has a Connect server, a local store and roots. */
const OPERATOR = daemon([
  '--managed',
  '--connect-host=https://connect.internal',
  '--connect-token=file:/etc/locket/tokens/connect',
  '--local-key=/etc/locket/keys/local.key',
  '--state-dir=/etc/locket/state',
  '--secret=shared=daemon',
  '--secret=other={{ local://other }}',
])

/** Where no driver option may read. */
const FOLDERS = ['/proc', '/sys', '/dev', '/etc/locket/state', '/var/lib/locket']

function refuses(options: Options, expected: RegExp, by = OPERATOR): void {
  const said = problemOf(() => by.volumeConfig(options))
  assert.match(said, expected)
  assert.ok(!said.includes(CANARY), said)
}

test('names: dashes and underscores are alike in settings, and exact after secret.', () => {
  const config = OPERATOR.volumeConfig({ file_mode: '0400', 'secret.a_b-C.d/e=f': 'x' })
  assert.equal(config.written.fileMode, 0o400)
  assert.equal(inline(config, 'a_b-C.d/e=f'), 'x')
  refuses({ 'file-mode': '0400', file_mode: '0400' }, /^driver option file_mode: file-mode is set twice$/)
  refuses({ 'Secret.a': 'x' }, /^driver option Secret\.a is not known/)
  refuses({ 'secrets.a': 'x' }, /^driver option secrets\.a is not known, did you mean secret/)
})

test('secrets: inline, from a file, as one entry that is never split, over the defaults by name', () => {
  const config = OPERATOR.volumeConfig({
    'secret.shared': 'own\n',
    'secret.file': ' @/etc/locket/t ',
    secret: 'one=a,b=2\nc=3',
    secrets: 'two=@/etc/locket/u',
  })
  assert.deepEqual(
    config.files.map((it) => [it.name, inline(config, it.name)]),
    [
      ['other', '{{ local://other }}'],
      ['shared', 'own\n'],
      ['file', '/etc/locket/t'],
      ['one', 'a,b=2\nc=3'],
      ['two', '/etc/locket/u'],
    ],
  )
  assert.deepEqual(config.files[2]?.source, {
    kind: 'file',
    path: '/etc/locket/t',
    within: ['/etc/locket'],
    except: [...FOLDERS, ...KEYS, '/etc/locket/tokens/connect', ...OWN_FILES],
  })
  assert.equal(config.files[2]?.origin, 'driver option secret.file')
})

test('secrets: a path without @ is most likely a mistake', () => {
  refuses(
    { 'secret.a': '/etc/locket/t' },
    /^driver option secret\.a: to take the template from that file write @\/etc\/locket\/t$/,
  )
  refuses({ secret: 'a=/etc/locket/t' }, /^driver option secret a: to take .* write @\/etc\/locket\/t$/)
  refuses({ secret: '/etc/locket/t' }, /^driver option secret: write NAME=@\/path\/to\/template$/)
  refuses({ secret: CANARY }, /^driver option secret: write NAME=TEMPLATE$/)
  const config = OPERATOR.volumeConfig({
    'secret.a': '/bin/{{ local://x }}',
    'secret.b': 'x /y',
    'secret.c': '',
  })
  assert.deepEqual([inline(config, 'a'), inline(config, 'c')], ['/bin/{{ local://x }}', ''])
})

test('all errors are reported at once, each with its option', () => {
  refuses(
    {
      siez: '1M',
      mode: 'rwx',
      socket: '/x',
      'log-level': 'debug',
      config: '/x',
      'bws-token': CANARY,
      user: 'root',
      'secret.a': '/x',
    },
    /^8 settings are wrong: driver option siez is not known, did you mean size\?; driver option socket is a setting of the daemon, not of a volume: leave it out; driver option log-level is .*; driver option config is .*; driver option secret\.a: .*; driver option mode: .*; driver option user: .*; driver option bws-token holds a credential, /,
  )
  refuses({ size: '' }, /^driver option size: "" is not a valid size/)
  refuses({ [`x\n${'y'.repeat(500)}`]: CANARY }, /^driver option x\?y{78}… is not known, docs\//)
  refuses({ provider: 'nosuch' }, /^driver option provider: must be one of /)
})

test('a volume of no options is the daemon’s defaults, and shares its clients', () => {
  const [one, two] = [OPERATOR.volumeConfig({}), OPERATOR.volumeConfig({ size: '1M' })]
  assert.deepEqual(
    one.providers.map((it) => it.key),
    two.providers.map((it) => it.key),
  )
  const own = OPERATOR.volumeConfig({ 'connect-token': 'file:/etc/locket/tokens/mine' })
  const differing = own.providers.filter((it, index) => it.key !== one.providers[index]?.key)
  assert.deepEqual(
    differing.map((it) => it.name),
    ['op-connect'],
  )
})

test('keys of equal credentials are equal, and hold none', () => {
  const open = daemon(['--allow-inline-token'])
  const keyOf = (options: Options) =>
    open
      .volumeConfig(options)
      .providers.map((it) => it.key)
      .join()
  assert.equal(keyOf({ 'connect-token': CANARY }), keyOf({ connect_token: ` ${CANARY} ` }))
  assert.notEqual(keyOf({ 'connect-token': CANARY }), keyOf({ 'connect-token': `${CANARY}x` }))
  assert.ok(!keyOf({ 'connect-token': CANARY }).includes(CANARY))
})

test('attack: the operator’s token to the attacker’s host', () => {
  refuses(
    { 'connect-host': 'https://evil.example' },
    /^driver option connect-host needs connect-token in the driver options too: the daemon's own credential is not used/,
  )
  refuses(
    { connect_host: 'https://evil.example', provider: 'op-connect' },
    /connect-host needs connect-token/,
  )
})

test('attack: the operator’s token file named as one’s own, by any spelling', () => {
  for (const path of [
    '/etc/locket/tokens/connect',
    '/etc/locket/./tokens//connect',
    '/etc/locket/x/../tokens/connect',
  ]) {
    refuses(
      { 'connect-host': 'https://evil.example', 'connect-token': `file:${path}` },
      /^driver option connect-token: \/etc\/locket\/tokens\/connect is the daemon's own, and is used only where the daemon's settings name it/,
    )
  }
  refuses(
    { 'connect-host': 'https://evil.example', 'connect-token': 'file:///etc/locket/tokens/connect' },
    /is the daemon's own/,
  )
})

test('attack: any other file of the daemon sent as a token', () => {
  for (const path of ['/etc/locket/keys/local.key', '/etc/locket/secrets.age']) {
    refuses(
      { 'connect-host': 'https://evil.example', 'connect-token': `file:${path}` },
      /is the daemon's own/,
    )
  }
})

test("the operator's token can be named again for the operator's host", () => {
  const { providers } = OPERATOR.volumeConfig({ 'connect-token': 'file:/etc/locket/tokens/connect' })
  assert.deepEqual(providers.find((it) => it.name === 'op-connect')?.settings['token'], {
    kind: 'file',
    path: '/etc/locket/tokens/connect',
    within: ['/etc/locket'],
    except: [...FOLDERS, ...KEYS, ...OWN_FILES],
  })
})

test('attack: a token of the daemon for another of its servers, and the one of its pod', () => {
  refuses({ 'op-token': 'file:/etc/locket/tokens/connect' }, /tokens\/connect is the daemon's own/)
  const anywhere = daemon(['--bao-auth-method=kubernetes', '--bao-url=http://own', '--bao-auth-role=app'])
  const jwt = { 'bao-url': 'http://evil', 'bao-auth-method': 'jwt', 'bao-jwt': `file:${POD_TOKEN}` }
  refuses(jwt, /serviceaccount\/token is the daemon's own/, anywhere)
})

test('attack: a limit of the operator’s lifted for the operator’s credential', () => {
  refuses({ 'connect-max-rate': 'none' }, /connect-max-rate needs connect-token in the driver options too/)
})

test('what only says what a reference means makes no client of its own', () => {
  const keyOf = (options: Options) =>
    OPERATOR.volumeConfig(options).providers.find(({ name }) => name === 'infisical')?.key
  assert.equal(keyOf({ 'infisical-default-path': '/a' }), keyOf({ 'infisical-default-path': '/b' }))
  assert.equal(keyOf({}), keyOf({ 'infisical-default-environment': 'dev' }))
  assert.notEqual(keyOf({}), keyOf({ 'infisical-max-concurrent': '3' }))
})

test('attack: a token written out, unless the daemon allows it', () => {
  refuses(
    { 'connect-token': CANARY },
    /^driver option connect-token holds a credential, which `docker volume inspect` would show/,
  )
  assert.equal(
    problemOf(() => daemon(['--allow-inline-token']).volumeConfig({ 'connect-token': CANARY })),
    '',
  )
  refuses(
    { 'allow-inline-token': 'true', 'connect-token': CANARY },
    /allow-inline-token is a setting of the daemon/,
  )
})

test('attack: files outside of the roots', () => {
  const outside = [
    '/etc/shadow',
    '/etc/locket/../shadow',
    '/etc/locketx/a',
    '/',
    '/etc/locket/a/../../../proc/1/environ',
  ]
  for (const path of outside) {
    refuses({ 'secret.a': `@${path}` }, /^driver option secret\.a: \/.* lies outside of \/etc\/locket: put /)
    refuses({ secret: `a=@${path}` }, /lies outside of/)
    refuses({ 'connect-token': `file:${path}` }, /^driver option connect-token: .* lies outside of/)
    refuses({ 'local-file': path }, /^driver option local-file: .* lies outside of/)
    refuses({ 'local-key': path }, /^driver option local-key: .* lies outside of/)
  }
  refuses({ 'template-roots': '/', 'secret.a': '@/etc/shadow' }, /template-roots is a setting of the daemon/)
})

test('attack: the daemon’s own files as templates', () => {
  const own = [
    '/etc/locket/tokens/connect',
    '/etc/locket/keys/local.key',
    '/etc/locket/secrets.age',
    '/etc/locket//secrets.age',
  ]
  for (const path of own)
    refuses({ 'secret.a': `@${path}` }, /belongs to the daemon's own configuration and is not a template$/)
})

test('attack: state, other volumes and the kernel’s view of the daemon, where the roots are open', () => {
  const open = daemon(['--state-dir=/var/lib/state', '--runtime-dir=/run/volumes'])
  const paths = [
    '/var/lib/state/state.json',
    '/run/volumes/volumes/other/data/password',
    '/proc/self/environ',
    '/dev/fd/3',
    '/sys/x',
  ]
  for (const path of paths) {
    refuses({ 'secret.a': `@${path}` }, /may not be named in driver options$/, open)
    refuses({ 'connect-token': `file:${path}` }, /may not be named in driver options$/, open)
  }
  refuses({ 'secret.a': '@/etc/locket/state/state.json' }, /may not be named/)
  refuses({ 'secret.a': '@/etc/locket/state/state.json' }, /may not be named/, daemon(['--managed']))
  assert.equal(
    problemOf(() => open.volumeConfig({ 'secret.a': '@/srv/template' })),
    '',
  )
})

test('text of another program is not a reference', () => {
  const { parseRef } = OPERATOR.volumeConfig({})
  for (const text of [
    '.Values.x',
    'jinja',
    'https://x/y',
    'env',
    '3832b656-a93b-45ad-bdfa-b267016802c3',
    '',
  ]) {
    assert.equal(parseRef(text), undefined, text)
  }
})

test('a provider that lacks a setting is an error only where a reference needs it', () => {
  const bare = daemon().volumeConfig({ 'secret.a': 'local://x' })
  assert.equal(bare.parseRef('local://x')?.provider, 'local')
  assert.match(
    problemOf(() => bare.parseRef('op://v/i/f')),
    /^op:\/\/ may mean op-connect or op, and neither has a credential/,
  )
  assert.match(
    problemOf(() => daemon().volumeConfig({ provider: 'op-connect' }).parseRef('op://v/i/f')),
    /^op:\/\/v\/i\/f needs op-connect: connect-host \(OP_CONNECT_HOST\) is not set, connect-token/,
  )
  assert.match(
    problemOf(() => daemon().volumeConfig({ provider: 'op' }).parseRef('op://v/i/f')),
    /^op:\/\/v\/i\/f needs op: op-token \(OP_SERVICE_ACCOUNT_TOKEN\) is not set/,
  )
  assert.equal(OPERATOR.volumeConfig({}).parseRef('op://v/i/f')?.provider, 'op-connect')
})
