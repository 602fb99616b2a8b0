import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { after, test } from 'node:test'

import { openProject } from '../../scripts/engine/compose.ts'
import { composeProgram } from '../../scripts/engine/debian.ts'
import { IMAGE, type Engine } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { CONFIG, LOCKET, startLocket } from '../../scripts/engine/locket.ts'

// The versions of Compose differ in these points. LOCKET_E2E_COMPOSE may name another one than Debian's.

const PASSWORD = 'canary-versions-password-0b7d'

const bare = await startLocket({ secrets: { 'db/password': PASSWORD } })
// Compose finds a provider by its name on the PATH.
const engine: Engine = {
  ...bare,
  env: { ...bare.env, PATH: `${dirname(LOCKET)}:${bare.env['PATH'] ?? ''}` },
}
after(() => bare[Symbol.asyncDispose]())

/** True for Compose 5.6.0 and newer. */
const isNew = await isComposeNew()

const up = ['up', '--no-color', '--no-log-prefix', '--abort-on-container-exit']

/** A project whose service `app` prints its variables. `more` follows the options of the provider service. */
function project(options: string, more = ''): string {
  return `
services:
  locket:
    provider:
      type: locket
      options:
        local_file: ${CONFIG}/secrets.age
        local_key: ${CONFIG}/local.key
        ${options}
${more}
  app:
    image: ${IMAGE}
    network_mode: none
    environment: {secret: mine}
    command: ["sh", "-c", "env | grep -E '^(LOCKET|secret)' | sort; echo end of it"]
    depends_on: [locket]
`
}

const containers = () => engine.ok(['ps', '-aq'])

test('raw: the name as it is, or an error that names a Compose that is too old', async () => {
  const compose = await openProject(
    engine,
    'raw',
    project('raw: true\n        env: "secret={{ local://db/password }}"'),
  )
  const ran = await compose(up)
  if (isNew) {
    assert.match(ran.stdout, new RegExp(`^secret=${PASSWORD}$`, 'm'))
    assert.match(ran.stderr, /provider \\?"locket\\?" overrides environment variable \\?"secret\\?"/)
    assert.equal((await compose(['down'])).code, 0)
    return
  }
  assert.notEqual(ran.code, 0)
  assert.match(ran.stderr, /raw needs Docker Compose 5\.2\.0 or newer, and this is 2\.\d+\.\d+/)
  assert.equal(await containers(), '')
})

test('references in environment:, or an error that names a Compose that is too old', async () => {
  const environment = `    environment:
      PASSWORD: "{{ local://db/password }}"
      line: "{{ local://db/password }} $$HOME"
      UNSET:
`
  const compose = await openProject(engine, 'environment', project('log_level: info', environment))
  const ran = await compose(up)
  assert.doesNotMatch(ran.stderr, /canary/)
  if (isNew) {
    assert.equal(ran.code, 0, ran.stderr)
    const expected = `LOCKET_PASSWORD=${PASSWORD}\nLOCKET_line=${PASSWORD} $HOME\nsecret=mine\nend of it`
    assert.ok(ran.stdout.includes(expected), ran.stdout)
    assert.equal((await compose(['down'])).code, 0)
    return
  }
  assert.notEqual(ran.code, 0)
  assert.match(ran.stderr, /has no variable to set.* Compose 5\.6\.0 or newer, and this is 2\.\d+\.\d+/)
  assert.equal(await containers(), '')
})

test('run gives the variables to nobody; locket exec gives them to a one-off command', async () => {
  const compose = await openProject(engine, 'once', project('env: "A={{ local://db/password }}"'))
  const run = ['run', '--rm', '-T', 'app', 'sh', '-c', 'echo "[$LOCKET_A][$PASSWORD]"']
  // Compose 2.40.3 refuses `run` as long as no dependency has a container.
  assert.equal((await compose(up)).code, 0)
  const bare = await compose(run)
  assert.deepEqual([bare.code, bare.stdout.trim()], [0, '[][]'], bare.stderr)
  const store = ['--local-file', `${CONFIG}/secrets.age`, '--local-key', `${CONFIG}/local.key`]
  const exec = [LOCKET, 'exec', ...store, '--env', 'PASSWORD={{ local://db/password }}', '--']
  const once = ['run', '--rm', '-T', '--no-deps', '-e', 'PASSWORD', ...run.slice(3)]
  const given = await compose(once, exec)
  assert.deepEqual([given.code, given.stdout.trim()], [0, `[][${PASSWORD}]`], given.stderr)
  assert.doesNotMatch(given.stderr, /canary/)
  assert.equal((await compose(['down'])).code, 0)
})

test('a one-off command has the volumes of its service', async () => {
  const yaml = `
services:
  app:
    image: ${IMAGE}
    network_mode: none
    volumes: ["secrets:/run/secrets/app:ro"]
volumes:
  secrets:
    driver: locket
    driver_opts:
      secret.db_password: "{{ local://db/password }}"
`
  const compose = await openProject(engine, 'volume', yaml)
  const ran = await compose(['run', '--rm', '-T', 'app', 'cat', '/run/secrets/app/db_password'])
  assert.deepEqual([ran.code, ran.stdout], [0, PASSWORD], ran.stderr)
  assert.equal((await compose(['down', '-v'])).code, 0)
})

test('up with nothing changed: 2.40.3 keeps the container, 5.6.0 makes another one', async () => {
  const compose = await openProject(engine, 'again', project('env: "A={{ local://db/password }}"'))
  const seen: string[] = []
  for (const more of [[], [], ['--no-recreate']]) {
    assert.equal((await compose(['up', '-d', ...more])).code, 0)
    seen.push(await containers())
  }
  const [first, second, third] = seen
  assert.equal(second !== first, isNew)
  assert.equal(third, second)
  assert.equal((await compose(['down', '-t', '0'])).code, 0)
})

test('the secret is in no log and no file but the records of containers', async () => {
  const found = await findLeaks(engine, [PASSWORD])
  assert.deepEqual(
    found.filter((place) => !place.startsWith('/run/e2e/data/')),
    [],
  )
})

async function isComposeNew(): Promise<boolean> {
  const { stdout } = await engine.sandbox.exec(await composeProgram(), ['version', '--short'])
  const [major = 0, minor = 0] = stdout.replace(/^v/, '').split('.').map(Number)
  return major > 5 || (major === 5 && minor >= 6)
}
