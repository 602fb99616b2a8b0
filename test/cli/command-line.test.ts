import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { COMMANDS } from '../../src/cli/index.ts'
import { fieldsOf, VOLUME_SECTIONS } from '../../src/config/commands.ts'
import { VERSION } from '../../src/core/version.ts'

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname
const CANARY = 'canary-argv-51c8'

function locket(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', env })
  return { status, stdout, stderr }
}

test('without a command the help goes to standard error, and asked for it is no error', () => {
  const bare = locket([])
  assert.deepEqual([bare.status, bare.stdout], [64, ''])
  for (const word of ['--help', '-h', 'help']) {
    assert.deepEqual(locket([word]), { status: 0, stdout: bare.stderr, stderr: '' })
  }
  for (const { name, summary } of COMMANDS)
    assert.match(bare.stderr, new RegExp(`^  ${name} +${summary}$`, 'm'))
})

test('the version is one line', () => {
  assert.deepEqual(locket(['--version']), { status: 0, stdout: `locket ${VERSION}\n`, stderr: '' })
})

test('a command’s help names each of its flags, with variable and default', () => {
  const { status, stdout, stderr } = locket(['volume', '--size=1M', '--help'])
  assert.deepEqual([status, stderr], [0, ''])
  assert.equal(locket(['help', 'volume']).stdout, stdout)
  for (const field of fieldsOf(VOLUME_SECTIONS)) {
    assert.ok(stdout.includes(`--${field.name}`), field.name)
    if (field.env !== undefined) assert.ok(stdout.includes(field.env), field.env)
  }
  assert.match(stdout, /^Example: locket volume /m)
  for (const line of stdout.split('\n')) assert.ok(line.length <= 110, line)
})

test('every command has a page', () => {
  for (const { name } of COMMANDS)
    assert.match(locket([name, '--help']).stdout, new RegExp(`^Usage: locket ${name}`, 'm'))
})

test('what went wrong is one line, with its exit code', () => {
  const cases: [string[], number, RegExp][] = [
    [['volum'], 64, /^locket: there is no command "volum" \(did you mean volume\?\)\n$/],
    [['--hlep'], 64, /^locket: there is no flag "--hlep" \(`locket --help` lists the commands\)\n$/],
    [['volume', '--sise=1'], 64, /^locket: locket volume has no flag --sise \(did you mean --size\?\)\n$/],
    [['volume', '--size=x'], 78, /^locket: flag --size: "x" is no size: .*\n$/],
    [['volume', '--config=/nonexistent'], 78, /^locket: flag --config: there is no file \/nonexistent\n$/],
    [
      ['volume', '--connect-token=x', `--connect-host=http://u:${CANARY}@h`],
      78,
      /^locket: flag --connect-host: must have no user name/,
    ],
  ]
  for (const [args, status, expected] of cases) {
    const ran = locket(args)
    assert.equal(ran.status, status, ran.stderr)
    assert.match(ran.stderr, expected)
    assert.ok(!ran.stderr.includes(CANARY))
    assert.equal(ran.stdout, '')
  }
})

test('a command loads nothing of another', () => {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    const { run } = await import(${JSON.stringify(MAIN.replace('main.ts', 'run.ts'))})
    await run(['--version'], {})
    process.stderr.write(JSON.stringify(loaded))`
  const ran = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  const loaded: string[] = JSON.parse(ran.stderr)
  assert.ok(loaded.some((url) => url.endsWith('/src/run.ts')))
  const heavy = loaded.filter((url) =>
    /node_modules\/(?!fastest-levenshtein)|src\/(config|providers|app|http|host|wire)/.test(url),
  )
  assert.deepEqual(heavy, [])
})
