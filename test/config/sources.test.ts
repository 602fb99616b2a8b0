import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadCommand } from '../../src/config/load.ts'
import { loadVolume } from './load-volume.ts'
import { logSection } from '../../src/config/sections/log.ts'
import { secretSetSection, storeSection } from '../../src/config/sections/secret.ts'
import { inline, problemOf } from './setting-rows.ts'

const CANARY = 'canary-config-9a41'
const folder = mkdtempSync(join(tmpdir(), 'locket-config-'))
const nothing = join(folder, 'nothing.toml')
after(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

function volume(argv: readonly string[], env: Record<string, string> = {}, managedConfig = nothing) {
  return loadVolume(argv, env, managedConfig)
}

/** Loads a TOML text and gives what is wrong with it. */
function tomlProblem(text: string): string {
  const path = file('problem.toml', text)
  return problemOf(() => volume(['--config', path])).replaceAll(path, 'FILE')
}

test('flags: values, switches and their opposites', () => {
  const size = (...argv: string[]) => volume(argv).daemon.volumeConfig({}).tmpfs.sizeBytes
  assert.equal(size('--size', '4K'), 4096)
  assert.equal(size('--size=4K', '--size=8K'), 8192)
  const watch = (...argv: string[]) => volume(argv).daemon.volumeConfig({}).watch
  assert.equal(watch('--watch'), true)
  assert.equal(watch('--watch', '--no-watch'), false)
  assert.equal(watch('--no-watch', '--watch=on'), true)
  assert.equal(watch('--watch', '--watch=false'), false)
})

test('flags: a list is repeated, under all its names, and never split', () => {
  const { files } = volume([
    '--secret',
    'a=1,b=2',
    '--secrets=c=3\nd=4',
    '--secret=e=@/f',
  ]).daemon.volumeConfig({})
  assert.deepEqual(files, [
    { name: 'a', source: { kind: 'inline', template: '1,b=2' }, origin: 'flag --secret a' },
    { name: 'c', source: { kind: 'inline', template: '3\nd=4' }, origin: 'flag --secret c' },
    { name: 'e', source: { kind: 'file', path: '/f' }, origin: 'flag --secret e' },
  ])
})

test('flags: an error names the nearest flag', () => {
  const cases: [string[], RegExp][] = [
    [['--sise', '1M'], /^locket volume has no flag --sise \(did you mean --size\?\)$/],
    [['--connect_host=x'], /^locket volume has no flag --connect_host \(did you mean --connect-host\?\)$/],
    [['-x'], /^locket volume has no flag -x/],
    [['--size'], /--size <SIZE>' argument missing /],
    [['--watch=maybe'], /^flag --watch: must be true or false$/],
    [[CANARY], /^locket volume takes only flags /],
    [['--size', '10X'], /^flag --size: "10X" is not a valid size: /],
    [['--socket', 'x'], /^flag --socket: must be an absolute path, which begins with \/$/],
    [['--flags', 'noexek'], /^flag --flags: mount flag "noexek" is not known/],
    [['--secret', 'a=/etc/x'], /^flag --secret a: to take the template from that file write @\/etc\/x$/],
    [['--provider', 'op-conect'], /^flag --provider: must be one of .*did you mean op-connect\?$/],
    [
      ['--connect-host', 'ftp://x', '--size', '0'],
      /^2 settings are wrong: flag --connect-host: must be a URL .*; flag --size: /,
    ],
  ]
  for (const [argv, expected] of cases)
    assert.match(
      problemOf(() => volume(argv)),
      expected,
    )
})

test('environment: lists are split, an empty variable is none', () => {
  const env = {
    LOCKET_VOLUME_DEFAULT_SECRETS: 'a={{ local://x,b=c }},d=1',
    LOCKET_VOLUME_DEFAULT_MOUNT_SIZE: '',
    OP_CONNECT_TOKEN_FILE: '',
  }
  const config = volume([], env).daemon.volumeConfig({})
  assert.deepEqual(
    config.files.map((it) => it.name),
    ['a', 'd'],
  )
  assert.equal(config.tmpfs.sizeBytes, 10 * 1024 * 1024)
})

test('environment: X_FILE is X=file:', () => {
  const tokenOf = (env: Record<string, string>) =>
    volume([], env)
      .daemon.volumeConfig({})
      .providers.find((it) => it.name === 'op-connect')?.settings['token']
  assert.deepEqual(tokenOf({ OP_CONNECT_TOKEN_FILE: '/run/token' }), { kind: 'file', path: '/run/token' })
  assert.deepEqual(tokenOf({ OP_CONNECT_TOKEN: 'file:/run/token' }), { kind: 'file', path: '/run/token' })
  assert.equal(
    problemOf(() => tokenOf({ OP_CONNECT_TOKEN: CANARY, OP_CONNECT_TOKEN_FILE: '/run/token' })),
    'environment: OP_CONNECT_TOKEN and OP_CONNECT_TOKEN_FILE are both set: unset one of them',
  )
  assert.equal(
    problemOf(() => tokenOf({ OP_CONNECT_TOKEN_FILE: 'token' })),
    'environment OP_CONNECT_TOKEN_FILE: must be an absolute path, which begins with /',
  )
})

test('no message about a credential repeats it', () => {
  for (const token of [`file:${CANARY}`, ` ${CANARY}\0`, `file:${CANARY}/../x`]) {
    const message = problemOf(() =>
      volume(['--connect-token', token, '--size', 'x'], { OP_CONNECT_TOKEN_FILE: CANARY }),
    )
    assert.match(message, /flag --size/)
    assert.ok(!message.includes(CANARY), message)
  }
})

test('TOML: its own kinds of values, and secrets as a list or a table', () => {
  const path = file(
    'kinds.toml',
    '[volume]\nmode = 0o750\nfile-mode = 0o640\nsize = 4096\nwatch = true\nsecrets = ["a=1,b=2"]\n',
  )
  const config = volume(['--config', path]).daemon.volumeConfig({})
  assert.deepEqual(
    [config.written.rootMode, config.written.fileMode, config.tmpfs.sizeBytes, config.watch],
    [0o750, 0o640, 4096, true],
  )
  assert.equal(inline(config, 'a'), '1,b=2')
  const table = file('table.toml', '[volume.secrets]\n"tls/key" = "{{ local://k }}"\nconf = "@/etc/t"\n')
  const named = volume(['--config', table]).daemon.volumeConfig({})
  assert.deepEqual([inline(named, 'tls/key'), inline(named, 'conf')], ['{{ local://k }}', '/etc/t'])
  assert.match(named.files[0]?.origin ?? '', /table\.toml line 1 secrets tls\/key$/)
})

test('TOML: a later file wins, key by key; flags and environment win over both', () => {
  const first = file('first.toml', '[volume]\nsize = "4K"\nmode = "0711"\nuser = "1"\n')
  const second = file('second.toml', '[volume]\nsize = "8K"\n[inject]\nwhat = "ever"\n[exec]\n')
  const { tmpfs, written } = volume([
    '--config',
    first,
    '--config',
    second,
    '--user',
    '3',
  ]).daemon.volumeConfig({})
  assert.deepEqual([tmpfs.sizeBytes, written.rootMode, written.owner?.uid], [8192, 0o711, 3])
  const env = { LOCKET_CONFIG: `${second},${first}`, LOCKET_FILE_OWNER: '4' }
  const swapped = volume([], env).daemon.volumeConfig({})
  assert.deepEqual([swapped.tmpfs.sizeBytes, swapped.written.owner?.uid], [4096, 4])
})

test('TOML: an error names file, line and the nearest key', () => {
  const cases: [string, string | RegExp][] = [
    ['[volume]\n\n# c\nsiez = 1\n', 'FILE line 4: there is no setting siez, did you mean size?'],
    [
      '[volume]\nsecrets = [\n"a=1"\n]\nconect-host = "x"\n',
      'FILE line 5: there is no setting conect-host, did you mean connect-host?',
    ],
    [
      '[volume]\nconnect_host = "http://x"\n',
      'FILE line 2: there is no setting connect_host, did you mean connect-host?',
    ],
    ['[volume]\nconfig = ["x"]\n', /^FILE line 2: there is no setting config/],
    ['[volme]\n', 'FILE line 1: there is no table [volme], did you mean [volume]?'],
    ['size = 1\n', 'FILE line 1: size must be in a table, like [volume]'],
    ['[volume]\nsize = ["1"]\n', 'FILE line 2: size must be a string, a number or true or false'],
    ['[volume]\nsecret = [1]\n', 'FILE line 2: secret must hold only strings'],
    ['[volume.secrets]\na = 1\n', 'FILE line 1: secrets must give each name a string'],
    ['[volume]\nsecret = []\nsecrets = []\n', 'FILE line 3: secret is set twice, under two names'],
    ['[volume]\nsize = """\n10X"""\n', /^FILE line 2 size: "10X" is not a valid size/],
    ['[volume]\n\nmode = 0700\n', /^FILE line 3, column 8: a number must not begin with 0: .*"0640"$/],
    [`[volume]\nconnect-token = ${CANARY}\n`, /^FILE line 2, column 17: /],
    [
      '[volume]\nmode = 0700\nsiez = 1\nsize = 10M\n',
      /^3 settings are wrong: FILE line 2, column 8: .*; FILE line 4, column 10: .*; FILE line 3: there is no/,
    ],
    ['[volume]\nsiez = 1\nmodee = 2\n', /^2 settings are wrong: FILE line 2: .*; FILE line 3: /],
  ]
  for (const [text, expected] of cases) {
    const said = tomlProblem(text)
    if (typeof expected === 'string') assert.equal(said, expected)
    else assert.match(said, expected)
    assert.ok(!said.includes(CANARY), said)
  }
})

test('a configuration file that was named must be there', () => {
  assert.equal(
    problemOf(() => volume(['--config', nothing])),
    `flag --config: there is no file ${nothing}`,
  )
  assert.equal(
    problemOf(() => volume([], { LOCKET_CONFIG: nothing })),
    `environment LOCKET_CONFIG: there is no file ${nothing}`,
  )
  assert.match(
    problemOf(() => volume(['--config', folder])),
    /cannot be read: it is a folder$/,
  )
})

test('a managed plugin reads its file if it exists, and its root is its folder', () => {
  const bare = volume(['--managed']).daemon
  assert.equal(bare.stateDir, undefined)
  assert.match(
    problemOf(() => bare.volumeConfig({ 'secret.a': '@/srv/a' })),
    /lies outside of \/etc\/locket: put the file there, /,
  )
  const path = file('managed.toml', '[volume]\nstate-dir = "/s"\ntemplate-roots = ["/srv"]\nsize = "12K"\n')
  const set = volume(['--managed'], {}, path).daemon
  assert.equal(set.stateDir, '/s')
  assert.equal(set.volumeConfig({ 'secret.a': '@/srv/a' }).tmpfs.sizeBytes, 12_288)
  assert.equal(volume([], {}, path).daemon.volumeConfig({}).tmpfs.sizeBytes, 10 * 1024 * 1024)
})

test('the configuration files are no templates, by no name', () => {
  const path = file('own.toml', '[volume]\n')
  mkdirSync(join(folder, 'links'))
  symlinkSync(path, join(folder, 'links', 'own.toml'))
  const { daemon } = volume(['--config', join(folder, 'links', 'own.toml')])
  for (const name of [path, join(folder, 'links', 'own.toml'), `${folder}/x/../own.toml`]) {
    assert.match(
      problemOf(() => daemon.volumeConfig({ 'secret.a': `@${name}` })),
      /belongs to the daemon/,
    )
  }
})

test('a command without a file: arguments, and the own folder of a user who is not root', () => {
  const sections = { store: storeSection, log: logSection, set: secretSetSection }
  const load = (argv: string[], env = {}, isRoot = false) =>
    loadCommand({ name: 'secret set', sections, argv, env, isRoot, positionals: ['PATH', '[MORE]'] })
  const { settings, positionals } = load(['db/x', '--stdin', '--log-level=debug'], { HOME: '/home/u' })
  assert.deepEqual(positionals, ['db/x'])
  assert.deepEqual([settings.set.stdin, settings.set.file, settings.log.level], [true, undefined, 'debug'])
  assert.equal(settings.store.file, '/home/u/.config/locket/secrets.age')
  assert.equal(load(['a'], { HOME: '/h', XDG_CONFIG_HOME: '/x' }).settings.store.key, '/x/locket/local.key')
  assert.equal(load(['a'], { HOME: '/h' }, true).settings.store.key, '/etc/locket/local.key')
  assert.equal(load(['a'], {}).settings.store.key, '/etc/locket/local.key')
  assert.deepEqual(load(['--', '--stdin']).positionals, ['--stdin'])
  assert.equal(
    problemOf(() => load([])),
    'locket secret set: PATH is missing (`locket secret set --help` tells more)',
  )
  assert.equal(
    problemOf(() => load(['a', 'b', CANARY])),
    'locket secret set takes PATH [MORE] and nothing more (`locket secret set --help` tells more)',
  )
})
