import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../scripts/engine/until.ts'
import { wordsFromDocker } from '../../src/cli/docker-plugin.ts'
import { VERSION } from '../../src/core/vocabulary/version.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { MAIN } from '../support/program.ts'

const skip = spawnSync('docker', ['--version']).error === undefined ? false : 'no docker command here'

test('what docker says before our words is taken away, and what Compose says is left', () => {
  const cases: [string, string | undefined][] = [
    ['locket secret list', 'secret list'],
    ['locket', ''],
    ['locket locket', 'locket'],
    ['-D --context default locket check --log-level debug', 'check --log-level debug'],
    ['-l debug --host=unix:///x -Hunix:///x locket --version', '--version'],
    ['--config locket locket --help', '--help'],
    ['help locket secret', 'help secret'],
    ['compose --project-name=p up locket', undefined],
    ['compose metadata', undefined],
    ['secret list', undefined],
    ['--version', undefined],
    ['--context', undefined],
    ['help secret', undefined],
    ['', undefined],
  ]
  for (const [line, expected] of cases) {
    const words = wordsFromDocker(
      line === '' ? [] : line.split(' '),
      '/usr/libexec/docker/cli-plugins/docker-locket',
    )
    assert.equal(words?.join(' '), expected, line)
  }
  for (const path of ['/usr/local/bin/locket', 'locket', '', '/docker-locket/locket'])
    assert.equal(wordsFromDocker(['locket', 'secret', 'list'], path), undefined, path)
})

test('asked by Docker or Compose, it tells what it is', () => {
  const ran = spawnSync(process.execPath, [MAIN, 'docker-cli-plugin-metadata'], { encoding: 'utf8' })
  assert.deepEqual([ran.status, ran.stderr], [0, ''])
  const { SchemaVersion, Vendor, Version, ShortDescription } = JSON.parse(ran.stdout)
  assert.deepEqual([SchemaVersion, Vendor, Version], ['0.1.0', 'locket', VERSION])
  assert.match(ShortDescription, /./)
})

test('the Docker CLI lists locket, and `docker locket` is `locket`', { skip }, async (t) => {
  const { env, dir } = await pluginFolder(t)
  const docker = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('docker', args, { env, encoding: 'utf8', timeout: 30_000 })
    return { status, stdout, stderr }
  }
  const plugins: unknown = JSON.parse(docker('info', '--format', '{{json .ClientInfo.Plugins}}').stdout)
  assert.deepEqual(plugins, [
    {
      SchemaVersion: '0.1.0',
      Vendor: 'locket',
      Version: VERSION,
      ShortDescription: 'Secrets for containers, on time and gone when done',
      Name: 'locket',
      Path: join(dir, 'cli-plugins/docker-locket'),
    },
  ])
  assert.match(docker('locket', '--version').stdout, new RegExp(`^locket ${VERSION.replaceAll('.', '\\.')} `))
  assert.match(
    docker('--log-level', 'debug', 'locket', 'help', 'secret').stdout,
    /^Usage: locket secret set/m,
  )
  assert.match(docker('help', 'locket').stdout, /^Usage: locket COMMAND/m)
  assert.match(docker('locket', 'secret', '--help').stdout, /^Usage: locket secret set/m)
  const store = ['--local-file', join(dir, 's.age'), '--local-key', join(dir, 'key')]
  const missing = docker('locket', 'secret', 'get', 'a/b', ...store)
  assert.match(missing.stderr, /^locket: /)
  assert.equal(missing.status, 69)
})

test(
  'what ends docker without a terminal ends the command below it',
  { skip, timeout: 60_000 },
  async (t) => {
    const { env, dir } = await pluginFolder(t)
    const socket = join(dir, 'd.sock')
    const folders = ['--state-dir', join(dir, 'state'), '--runtime-dir', join(dir, 'run')]
    const child = spawn('docker', ['locket', 'volume', '--socket', socket, ...folders], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    t.after(() => child.kill('SIGKILL'))
    let log = ''
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
    await until('it listens', () => log.includes('daemon.listening'))
    child.kill('SIGTERM')
    const [code] = await once(child, 'close')
    assert.match(log, /daemon\.stopping/)
    assert.equal(code, 0)
  },
)

test(
  'the same holds for a command of exec, which locket stays with',
  { skip, timeout: 60_000 },
  async (t) => {
    const { env } = await pluginFolder(t)
    const report = 'trap "echo got TERM; exit 3" TERM; echo ready; while :; do sleep 0.05; done'
    const child = spawn('docker', ['locket', 'exec', '--', 'sh', '-c', report], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    // The whole group: docker, and what it has left behind.
    t.after(() => void spawnSync('kill', ['-KILL', '--', `-${child.pid}`]))
    const closed = once(child, 'close')
    let printed = ''
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
    await until('the command runs', () => printed.includes('ready'))
    child.kill('SIGTERM')
    await until('the command has the signal', () => printed.includes('got TERM'))
    const [code] = await closed
    assert.equal(code, 3)
  },
)

/** A folder of docker's settings, with this program as a plugin in it. */
async function pluginFolder(t: TestContext) {
  const dir = await temporaryFolder(t)
  const plugins = join(dir, 'cli-plugins')
  for (const folder of [plugins, join(dir, 'program')]) mkdirSync(folder)
  // By this name, as the launcher of a build hands it on.
  const link = join(dir, 'program/docker-locket')
  symlinkSync(MAIN, link)
  const program = join(plugins, 'docker-locket')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${link}' "$@"\n`)
  chmodSync(program, 0o755)
  return { dir, env: { PATH: process.env['PATH'], HOME: dir, DOCKER_CONFIG: dir } }
}
