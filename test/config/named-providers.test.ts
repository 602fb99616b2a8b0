import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadVolume } from './load-volume.ts'
import { problemOf } from './setting-rows.ts'

const CANARY = 'canary-named-52b8'
const NO_FILE = '/nonexistent/locket.toml'
const folder = mkdtempSync(join(tmpdir(), 'locket-named-'))
after(() => rmSync(folder, { recursive: true }))

const SECOND = `
[providers.second]
kind = "op-connect"
connect-host = "https://second.internal"
connect-token = "file:/etc/locket/tokens/second"
`

function daemonOf(texts: readonly string[], argv: readonly string[] = [], env: Record<string, string> = {}) {
  const configs = texts.flatMap((text, index) => {
    const path = join(folder, `${index}.toml`)
    writeFileSync(path, text)
    return ['--config', path]
  })
  return loadVolume([...configs, ...argv], env, NO_FILE).daemon
}

/** The error for these files; the first one is called FILE, the second OTHER. */
function problem(...texts: readonly string[]): string {
  return problemOf(() => daemonOf(texts))
    .replaceAll(join(folder, '0.toml'), 'FILE')
    .replaceAll(join(folder, '1.toml'), 'OTHER')
}

function settingsOf(daemon: ReturnType<typeof daemonOf>, name: string, options = {}) {
  return daemon.volumeConfig(options).providers.find((instance) => instance.name === name)?.settings
}

test('a table is one more instance of its kind, reached by its name', () => {
  const daemon = daemonOf([SECOND])
  const volume = daemon.volumeConfig({})
  const ref = volume.parseRef('second+op://vault/item/field')
  assert.deepEqual(
    [ref?.provider, ref?.id, ref?.text],
    ['second', 'second:op://vault/item/field', 'second+op://vault/item/field'],
  )
  const settings = settingsOf(daemon, 'second')
  assert.equal(settings?.['host'], 'https://second.internal')
  assert.deepEqual(settings?.['token'], { kind: 'file', path: '/etc/locket/tokens/second' })
  assert.equal(settings?.['maxConcurrent'], 20)
})

test("a table takes nothing from flags, environment and the command's own table", () => {
  const daemon = daemonOf(
    ['[volume]\nconnect-max-concurrent = 3\n[providers.bare]\nkind = "op-connect"\n'],
    ['--connect-host=https://own'],
    { OP_CONNECT_TOKEN: CANARY },
  )
  const settings = settingsOf(daemon, 'bare')
  assert.deepEqual(
    [settings?.['host'], settings?.['token'], settings?.['maxConcurrent']],
    [undefined, undefined, 20],
  )
})

test('what a table lacks is an error only where a reference needs it', () => {
  const volume = daemonOf([
    '[providers.bare]\nkind = "op-connect"\nconnect-host = "http://b"\n',
  ]).volumeConfig({})
  assert.equal(volume.parseRef('local://x')?.provider, 'local')
  assert.equal(
    problemOf(() => volume.parseRef('bare+op://v/i/f')),
    'bare+op://v/i/f needs bare: connect-token is not set (in [providers.bare] of the configuration file)',
  )
})

test('several files: a later one replaces keys, and adds tables', () => {
  const daemon = daemonOf([
    `${SECOND}[providers.third]\nkind = "local"\n`,
    '[providers.second]\nconnect-host = "https://later"\n[providers.fourth]\nkind = "local"\nlocal-file = "/x"\n',
  ])
  const settings = settingsOf(daemon, 'second')
  assert.equal(settings?.['host'], 'https://later')
  assert.deepEqual(settings?.['token'], { kind: 'file', path: '/etc/locket/tokens/second' })
  assert.deepEqual(
    [settingsOf(daemon, 'third')?.['file'], settingsOf(daemon, 'fourth')?.['file']],
    ['/etc/locket/secrets.age', '/x'],
  )
})

test('provider can name a table: bare op:// goes there, other schemes go where they belong', () => {
  const own = ['--connect-host=http://own', '--connect-token=file:/t']
  const daemon = daemonOf([`${SECOND}[volume]\nprovider = "second"\n`], own)
  const volume = daemon.volumeConfig({})
  assert.equal(volume.parseRef('op://v/i/f')?.provider, 'second')
  assert.equal(volume.parseRef('local://x')?.provider, 'local')
  assert.equal(daemon.volumeConfig({ provider: 'op-connect' }).parseRef('op://v/i/f')?.provider, 'op-connect')
  assert.equal(daemonOf([SECOND], own).volumeConfig({}).parseRef('op://v/i/f')?.provider, 'op-connect')
  assert.match(
    problemOf(() => daemonOf([SECOND], ['--provider=secnd'])),
    /^flag --provider: must be one of local, .*, second, did you mean second\?$/,
  )
})

test('attack: driver options never change a named instance', () => {
  const daemon = daemonOf([SECOND])
  const before = daemon.volumeConfig({}).providers.find(({ name }) => name === 'second')
  const options = {
    'connect-host': 'https://evil.example',
    'connect-token': 'file:/srv/mine',
    'connect-max-rate': '1/s',
  }
  assert.equal(
    daemon.volumeConfig(options).providers.find(({ name }) => name === 'second'),
    before,
  )
  for (const name of ['providers.second', 'second', 'second.connect-host', 'second+connect-host'])
    assert.match(
      problemOf(() => daemon.volumeConfig({ [name]: 'https://evil.example' })),
      /is not known/,
      name,
    )
  // Neither is what is set of no effect without a word.
  const chosen = daemonOf([`${SECOND}[volume]\nprovider = "second"\n`])
  assert.match(
    problemOf(() => chosen.volumeConfig(options)),
    /driver option connect-host does not change second, which the setting provider names: set provider to op-connect; /,
  )
  assert.equal(
    problemOf(() => chosen.volumeConfig({ ...options, provider: 'op-connect' })),
    '',
  )
})

test('attack: the files of a named instance are the daemon’s own', () => {
  const daemon = daemonOf([
    `${SECOND}connect-ca-cert = "/etc/locket/second.pem"\n[providers.store]\nkind = "local"\nlocal-key = "/etc/locket/other.key"\n`,
  ])
  for (const path of ['/etc/locket/tokens/second', '/etc/locket/second.pem', '/etc/locket/other.key']) {
    assert.match(
      problemOf(() => daemon.volumeConfig({ 'secret.a': `@${path}` })),
      /belongs to the daemon's own configuration and is not a template$/,
    )
    assert.match(
      problemOf(() =>
        daemon.volumeConfig({ 'connect-host': 'http://evil', 'connect-token': `file:${path}` }),
      ),
      /is the daemon's own, and is used only where the daemon's settings name it/,
    )
  }
})

test('instances of one kind have keys of their own, which hold no credential', () => {
  const table = (name: string) => `[providers.${name}]\nkind = "op-connect"\nconnect-token = "${CANARY}"\n`
  const { providers } = daemonOf([table('second') + table('third')]).volumeConfig({})
  const keys = providers.map(({ key }) => key)
  assert.equal(new Set(keys).size, keys.length)
  assert.ok(!keys.join().includes(CANARY))
})

test('an error names file, line and the nearest name', () => {
  const cases: [string | readonly string[], string | RegExp][] = [
    [
      '[providers.x]\nkind = "op-conect"\n',
      /^FILE line 2 kind: must be one of local, op-connect.*, did you mean op-connect\?$/,
    ],
    ['[providers.x]\nkind = 3\n', /^FILE line 2: kind must be a string: one of local, op-connect/],
    [
      '\n[providers.x]\nconnect-host = "http://x"\n',
      /^FILE line 2: \[providers\.x\] has no kind: one of local, op-connect/,
    ],
    [
      '[providers.x]\nkind = "op-connect"\n\nconect-host = "http://x"\n',
      'FILE line 4: there is no setting conect-host of op-connect, did you mean connect-host?',
    ],
    [
      '[providers.x]\nkind = "op-connect"\nhost = "http://x"\nmax_rate = "1/s"\n',
      '2 settings are wrong: FILE line 3: there is no setting host of op-connect, did you mean connect-host?; ' +
        'FILE line 4: there is no setting max_rate of op-connect, did you mean connect-max-rate?',
    ],
    [
      '[providers.x]\nkind = "local"\nsize = "1M"\n',
      'FILE line 3: there is no setting size of local, it has local-file, local-key',
    ],
    [
      '[providers.x]\nkind = "op-connect"\nconnect-host = "ftp://x"\n',
      /^FILE line 3 connect-host: must be a URL/,
    ],
    [
      '[providers.x]\nkind = "op-connect"\nconnect-token = "file:x"\n',
      /^FILE line 3 connect-token: file: must be/,
    ],
    [
      '[providers.x]\nkind = "op-connect"\nconnect-host = ["x"]\n',
      /^FILE line 3: connect-host must be a string/,
    ],
    [
      '[providers]\nx = { kind = "op-connect", token = "x" }\n',
      /^FILE line 2: there is no setting token of op-connect/,
    ],
    ['[providers]\nx = "op-connect"\n', 'FILE line 2: x must be a table, like [providers.NAME]'],
    ['[[providers.x]]\nkind = "local"\n', /^FILE line 1: x must be a table/],
    ['providers = 1\n', 'FILE line 1: providers must be in a table, like [volume]'],
    [
      '[provider.x]\nkind = "local"\n',
      'FILE line 1: there is no table [provider], did you mean [providers]?',
    ],
    [
      [
        '[providers.x]\nkind = "op-connect"\nconnect-host = "http://x"\n',
        '[providers.x]\nkind = "local"\nlocl-file = "/x"\n',
      ],
      '2 settings are wrong: FILE line 3: there is no setting connect-host of local, it has local-file, local-key; ' +
        'OTHER line 3: there is no setting locl-file of local, did you mean local-file?',
    ],
  ]
  for (const [text, expected] of cases) {
    const said = problem(...[text].flat())
    if (typeof expected === 'string') assert.equal(said, expected)
    else assert.match(said, expected)
  }
})

test('a name is a word of its own: no kind, alias or scheme', () => {
  const good = ['a', 'prod-vault', 'x1-', 'a'.repeat(63), 'constructor']
  for (const name of good) assert.equal(problem(`[providers.${name}]\nkind = "local"\n`), '', name)
  for (const name of ['op-connect', 'op', 'local', 'bao', 'vault'])
    assert.match(
      problem(`[providers.${name}]\nkind = "local"\n`),
      new RegExp(`^FILE line 1: \\[providers\\.${name}\\]: ${name} is the name of a kind of provider`),
    )
  for (const name of [
    'Second',
    'a_b',
    '1a',
    '-a',
    'a'.repeat(64),
    '""',
    '"a b"',
    '"a+b"',
    '"a\\nb"',
    '__proto__',
  ])
    assert.match(
      problem(`[providers.${name}]\nkind = "local"\n`),
      /^FILE line 1: \[providers\..*\]: a name is made of/,
      name,
    )
})

test('no message repeats a credential', () => {
  for (const value of [`"file:${CANARY}"`, `["${CANARY}"]`, `"${CANARY}" x`, `{ a = "${CANARY}" }`]) {
    const said = problem(`[providers.x]\nkind = "op-connect"\nconnect-token = ${value}\nsize = "${CANARY}"\n`)
    assert.notEqual(said, '')
    assert.ok(!said.includes(CANARY), said)
  }
})
