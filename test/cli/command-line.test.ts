import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { COMMANDS } from '../../src/cli/index.ts'
import { fieldsOf } from '../../src/settings/field.ts'
import { ceilingSection, swarmSection } from '../../src/config/sections/daemon.ts'
import { auditSection } from '../../src/config/sections/log.ts'
import { PROVIDER_SECTIONS } from '../../src/config/sections/rendering.ts'
import { VOLUME_SECTIONS } from '../../src/config/sections/volume.ts'
import { ERROR_KINDS } from '../../src/core/vocabulary/errors.ts'
import { VERSION } from '../../src/core/vocabulary/version.ts'
import { setSecret } from '../support/local-secrets.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { MAIN } from '../support/program.ts'
import { LOADED } from './loaded-commands.ts'

const CANARY = 'canary-argv-51c8'

function locket(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', env })
  return { status, stdout, stderr }
}

/** Runs command lines one after the other in one process, because a start takes half a second. */
function lockets(lines: readonly (readonly string[])[]): readonly ReturnType<typeof locket>[] {
  const script = `
    import { run } from ${JSON.stringify(new URL('../../src/run.ts', import.meta.url).href)}
    const [put, ran] = [process.stdout.write.bind(process.stdout), []]
    for (const argv of ${JSON.stringify(lines)}) {
      const [stdout, stderr] = [[], []]
      process.stdout.write = (text) => stdout.push(text) > 0
      process.stderr.write = (text) => stderr.push(text) > 0
      const status = await run({ path: 'locket', argv, env: {} })
      ran.push({ status, stdout: stdout.join(''), stderr: stderr.join('') })
    }
    put(JSON.stringify(ran), () => process.exit())`
  const args = ['--no-warnings', '--input-type=module', '--eval', script]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: {} })
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout)
}

test('help goes to standard error without a command, and to standard output on request', () => {
  const bare = locket([])
  assert.deepEqual([bare.status, bare.stdout], [64, ''])
  for (const word of ['--help', '-h', 'help']) {
    assert.deepEqual(locket([word]), { status: 0, stdout: bare.stderr, stderr: '' })
  }
  for (const { name, summary } of COMMANDS)
    assert.match(bare.stderr, new RegExp(`^  ${name} +${summary}$`, 'm'))
})

test('--help-all lists the exit codes too, and no help names a page that an installation lacks', () => {
  const { status, stdout } = locket(['--help-all'])
  assert.equal(status, 0)
  assert.match(stdout, /^ {2}0 {4}success\n {2}64 {3}wrong flags/m)
  for (const { exit, meaning } of Object.values(ERROR_KINDS)) {
    assert.ok(stdout.includes(meaning), meaning)
    assert.match(stdout, new RegExp(`^ {2}${exit} `, 'm'))
  }
  const pages = [['--help'], ['--help-all'], ...COMMANDS.map(({ name }) => ['help', name])]
  for (const page of lockets(pages)) {
    assert.equal(page.status, 0)
    assert.doesNotMatch(page.stdout, /docs\//)
  }
})

test('the version is one line, of which scripts take the second word', () => {
  const line = `locket ${VERSION} (node ${process.versions.node}, ${process.arch})\n`
  for (const word of ['--version', '-V'])
    assert.deepEqual(locket([word]), { status: 0, stdout: line, stderr: '' })
  assert.equal(line.split(' ')[1], VERSION)
  assert.equal(locket(['version']).status, 64)
})

test('a command’s help is short: its own flags, and half a line for each provider', () => {
  const { status, stdout, stderr } = locket(['volume', '--size=1M', '--help'])
  assert.deepEqual([status, stderr], [0, ''])
  assert.equal(locket(['help', 'volume']).stdout, stdout)
  assert.equal(locket(['volume', '-h']).stdout, stdout)
  const own = VOLUME_SECTIONS.filter((section) => !PROVIDER_SECTIONS.includes(section))
  const rare = fieldsOf([ceilingSection, swarmSection, auditSection])
  for (const field of fieldsOf(own)) {
    const isShown = field.isRare !== true && !rare.includes(field)
    assert.equal(stdout.includes(`  --${field.name}`), isShown, field.name)
  }
  assert.match(stdout, / {2}--connect-\* +1Password Connect(?: |$)/m)
  assert.doesNotMatch(stdout, /--connect-host|LOCKET_/)
  assert.match(stdout, /^ {2}--size SIZE +size of the tmpfs \(default 10M\)$/m)
  assert.match(stdout, /^`locket volume --help-all` shows every flag/m)
  assert.match(stdout, /also: Ceilings of driver options, Swarm secrets, Audit log/)
  assert.ok(stdout.split('\n').length <= 80, stdout)
  for (const line of stdout.split('\n')) assert.ok(line.length <= 110, line)
})

test('the help of a command of `secret` is that command’s', () => {
  const { stdout } = locket(['secret', 'import', '--help'])
  assert.equal(locket(['help', 'secret', 'import']).stdout, stdout)
  assert.match(stdout, /^Usage: locket secret import FILE/m)
  assert.match(stdout, /--prefix/)
  assert.match(stdout, /--local-file/)
  assert.doesNotMatch(stdout, /--names|rotate-key/)
  assert.match(locket(['secret', '--help']).stdout, /rotate-key/)
})

test('--help-all names each flag that the command takes, with variable and default', () => {
  const { status, stdout, stderr } = locket(['volume', '--size=1M', '--help-all'])
  assert.deepEqual([status, stderr], [0, ''])
  assert.equal(locket(['help', 'volume', '--help-all']).stdout, stdout)
  for (const name of ['--offline', '--size', '--connect-host'])
    assert.ok(locket(['check', '--help-all']).stdout.includes(name), name)
  for (const field of fieldsOf(VOLUME_SECTIONS)) {
    assert.ok(stdout.includes(`--${field.name}`), field.name)
    if (field.env !== undefined) assert.ok(stdout.includes(field.env), field.env)
  }
  assert.match(stdout, /^Example: locket volume /m)
  for (const line of stdout.split('\n')) assert.ok(line.length <= 110, line)
})

test('every command has a page with an example', () => {
  const pages = lockets(COMMANDS.map(({ name }) => [name, '--help']))
  for (const [index, { name }] of COMMANDS.entries()) {
    assert.match(pages[index]?.stdout ?? '', new RegExp(`^Usage: locket ${name}`, 'm'))
    assert.match(pages[index]?.stdout ?? '', /^Example: .*locket/m)
  }
})

test('an action of a command takes the flags of its sections', () => {
  const rows = LOADED.flatMap(({ name, command }) =>
    [...(command.actions ?? [])].flatMap(([action, { sections }]) => {
      const flags = fieldsOf(sections).map((field) => `--${field.name}${field.kind === 'switch' ? '' : '=x'}`)
      return flags.length === 0 ? [] : [[name, action, ...flags, '--no-such-flag']]
    }),
  )
  for (const [index, { status, stderr }] of lockets(rows).entries()) {
    assert.equal(status, 64)
    const [name, action] = rows[index] ?? []
    assert.ok(stderr.startsWith(`locket: ${name} ${action} has no flag --no-such-flag`), stderr)
  }
})

test('what went wrong is one line, with its exit code', () => {
  const cases: [string[], number, RegExp][] = [
    [['volum'], 64, /^locket: there is no command "volum" \(did you mean volume\?\)\n$/],
    [['--hlep'], 64, /^locket: there is no flag "--hlep" \(did you mean --help\?\)\n$/],
    [['volume', '--sise=1'], 64, /^locket: volume has no flag --sise \(did you mean --size\?\)\n$/],
    [
      ['volume', '--size'],
      64,
      /^locket: .* '--size <SIZE>' argument missing \(`locket volume --help` tells more\)\n$/,
    ],
    [['volume', 'x'], 64, /^locket: volume takes only flags \(`locket volume --help` tells more\)\n$/],
    [['secret', 'lst'], 64, /^locket: secret takes one of .* \(did you mean list\?\)\n$/],
    [
      ['secret', 'list', '--name'],
      64,
      /^locket: secret list has no flag --name \(did you mean --names\?\)\n$/,
    ],
    [
      ['secret', 'get'],
      64,
      /^locket: secret get: PATH is missing \(`locket secret get --help` tells more\)\n$/,
    ],
    [
      ['completion', 'fissh'],
      64,
      /^locket: completion takes one of bash, zsh, fish \(did you mean fish\?\)\n$/,
    ],
    [['help', 'volum'], 64, /^locket: there is no command "volum" \(did you mean volume\?\)\n$/],
    [['volume', '--size=x'], 78, /^locket: flag --size: "x" is not a valid size: .*\n$/],
    [['volume', '--config=/nonexistent'], 78, /^locket: flag --config: there is no file \/nonexistent\n$/],
    [
      ['volume', '--connect-token=x', `--connect-host=http://u:${CANARY}@h`],
      78,
      /^locket: flag --connect-host: must have no user name/,
    ],
  ]
  for (const [index, ran] of lockets(cases.map(([args]) => args)).entries()) {
    const [, status, expected] = cases[index] ?? []
    assert.equal(ran.status, status, ran.stderr)
    assert.match(ran.stderr, expected ?? /^$/)
    assert.ok(!ran.stderr.includes(CANARY))
    assert.equal(ran.stdout, '')
  }
})

test('at debug level the causes of an error follow it, and nothing that another program said', async (t) => {
  const dir = await temporaryFolder(t)
  const file = join(dir, 'secrets.age')
  writeFileSync(file, `${CANARY} is not encrypted`)
  writeFileSync(join(dir, 'key'), CANARY, { mode: 0o600 })
  const get = [
    'secret',
    'get',
    'a/b',
    '--local-file',
    join(dir, 'none', 'x'),
    '--local-key',
    join(dir, 'key'),
  ]
  const missing = ['secret', 'import', join(dir, 'no-such-file')]
  const cases: [string[], Record<string, string>, RegExp][] = [
    [[...missing, '--log-level', 'debug'], {}, /\n {2}because: the system said ENOENT\n$/],
    [[...missing, '--log-level=trace'], {}, /\n {2}because: the system said ENOENT\n$/],
    [missing, { LOCKET_LOG_LEVEL: 'debug' }, /\n {2}because: /],
    [[...missing, '--log-level=warn'], { LOCKET_LOG_LEVEL: 'debug' }, /^[^\n]*\n$/],
    [[...missing, '--', '--log-level=debug'], {}, /^[^\n]*\n$/],
    [missing, {}, /^[^\n]*\n$/],
    [[...get, '--log-level=debug'], {}, /^locket: [^\n]*\n/],
  ]
  for (const [args, env, expected] of cases) {
    const { stderr } = locket(args, env)
    assert.match(stderr, expected, args.join(' '))
    assert.ok(!stderr.includes(CANARY))
  }
})

test('a command loads nothing of another', () => {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    const { run } = await import(${JSON.stringify(MAIN.replace('main.ts', 'run.ts'))})
    await run({ path: 'locket', argv: ['--version'], env: {} })
    process.stderr.write(JSON.stringify(loaded))`
  const ran = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  const loaded: string[] = JSON.parse(ran.stderr)
  assert.ok(loaded.some((url) => url.endsWith('/src/run.ts')))
  const heavy = loaded.filter((url) =>
    /node_modules|src\/(settings|config|providers|app|http|host|wire)/.test(url),
  )
  assert.deepEqual(heavy, [])
})

test('a full disk behind standard output is reported in words', () => {
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', 'exec "$@" > /dev/full', '-', process.execPath, MAIN, '--help'],
    {
      encoding: 'utf8',
      env: {},
    },
  )
  assert.deepEqual([status, stderr], [74, 'locket: cannot write standard output: the disk is full\n'])
})

test('a working directory that was removed is named', async (t) => {
  const gone = join(await temporaryFolder(t), 'gone')
  const { status, stderr } = spawnSync(
    'sh',
    [
      '-c',
      'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"',
      gone,
      process.execPath,
      MAIN,
      'exec',
      '--',
      'true',
    ],
    { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '' } },
  )
  assert.equal(status, 74)
  assert.match(
    stderr,
    /^locket: the working directory does not exist any more \(change to a folder that exists\)$/m,
  )
})

test('exec with a secret of the embedded store loads no zod, no yaml and nothing of the network', async (t) => {
  const folder = await temporaryFolder(t)
  await setSecret(folder, 'a', 'value')
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    const { run } = await import(${JSON.stringify(MAIN.replace('main.ts', 'run.ts'))})
    const argv = ['exec', '-e', 'A={{ local://a }}', '--', '/no/such/command']
    await run({ path: 'locket', argv, env: process.env, startState: {} })
    console.log(JSON.stringify(loaded))`
  const env = {
    LOCKET_LOCAL_FILE: join(folder, 'secrets.age'),
    LOCKET_LOCAL_KEY: join(folder, 'local.key'),
  }
  const ran = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    env,
  })
  assert.match(ran.stderr, /there is no command/)
  const loaded: string[] = JSON.parse(ran.stdout)
  assert.ok(loaded.some((url) => url.includes('/age-encryption/')))
  assert.deepEqual(
    loaded.filter((url) =>
      /node_modules\/(zod|yaml|fastify|pino|chokidar)\/|node:(http|https|tls)$/.test(url),
    ),
    [],
  )
})
