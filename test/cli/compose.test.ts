import assert from 'node:assert/strict'
import { chmod, copyFile, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import * as z from 'zod'
import { fieldsOf } from '../../src/settings/field.ts'
import { RENDERING_SECTIONS } from '../../src/config/sections/rendering.ts'
import { flagNames } from '../../src/config/layers/flags.ts'
import { idOf } from '../fixtures/servers/connect-data.ts'
import { startConnectServer, type ConnectServer } from '../fixtures/servers/connect.ts'
import { AWKWARD } from '../support/awkward-values.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { environmentWorld, type EnvironmentWorld } from './environment-command.ts'

const CANARY = 'canary-compose-4e0b'
const TOKEN = 'canary-compose-token-77'

const Line = z.strictObject({
  type: z.enum(['info', 'debug', 'error', 'setenv', 'rawsetenv']),
  message: z.string(),
})
type Line = z.infer<typeof Line>

/** As Compose reads them: nothing but lines of JSON. */
function linesOf(stdout: string): Line[] {
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => Line.parse(JSON.parse(line)))
}

function setIn(stdout: string, type = 'setenv'): Record<string, string> {
  return Object.fromEntries(
    linesOf(stdout)
      .filter((line) => line.type === type)
      .map(({ message }) => [
        message.slice(0, message.indexOf('=')),
        message.slice(message.indexOf('=') + 1),
      ]),
  )
}

/** The line that Compose stops at, and that nothing was set before it. */
function errorIn(stdout: string): string {
  const lines = linesOf(stdout)
  assert.deepEqual(
    lines.filter(({ type }) => type !== 'info').map(({ type }) => type),
    ['error'],
    stdout,
  )
  return lines.at(-1)?.message ?? ''
}

/** As `environmentWorld`, with the project's name in each call but `metadata`, as Compose gives it. */
async function composeWorld(t: TestContext): Promise<EnvironmentWorld> {
  const world = await environmentWorld(t)
  const named = ['compose', '--project-name=demo']
  const locket = ([, ...words]: readonly string[], env?: Readonly<Record<string, string>>) =>
    world.locket(words[0] === 'metadata' ? ['compose', ...words] : [...named, ...words], env)
  return { ...world, locket }
}

async function connect(t: TestContext): Promise<ConnectServer> {
  const fields = [{ id: 'text', label: 'text', value: CANARY }]
  const vaults = [{ id: idOf(1), name: 'Mordin', items: [{ id: idOf(2), title: 'TestKey', fields }] }]
  const server = await startConnectServer({ data: { vaults }, token: TOKEN })
  t.after(() => server[Symbol.asyncDispose]())
  return server
}

test('up: every value arrives as a separate flag, in any order, with names as written', async (t) => {
  const { locket, store, put } = await composeWorld(t)
  await store('db/password', `${CANARY}, "x"\n=$y`)
  const file = await put('app.env', 'FROM_FILE={{ local://db/password }}\n')
  const { code, stdout } = await locket([
    'compose',
    'up',
    '--secrets=secret1={{ local://db/password }}',
    `--env_file=${file}`,
    '--raw=false',
    '--connect_max_concurrent=20',
    '--env=ONE=a,b,TWO=c',
    '--secrets=secret2=local://db/password',
    '--log-level=info',
    'locket',
  ])
  assert.equal(code, 0, stdout)
  const value = `${CANARY}, "x"\n=$y`
  assert.deepEqual(setIn(stdout), { FROM_FILE: value, secret1: value, secret2: value, ONE: 'a,b,TWO=c' })
  assert.deepEqual(linesOf(stdout)[0], { type: 'info', message: 'all variables have a value count=4' })
  const other = await locket(['compose', '--env', 'A=1', '--project-name', 'up', 'up', 'locket'])
  assert.deepEqual(setIn(other.stdout), { A: '1' })
})

test('values of every kind arrive as they are', async (t) => {
  const { locket, store } = await composeWorld(t)
  for (const [index, value] of AWKWARD.slice(0, 12).entries()) await store(`v/${index}`, value)
  const long = 'x'.repeat(200_000)
  await store('long', long)
  const flags = AWKWARD.slice(0, 12).map((_, index) => `--env=V${index}={{ local://v/${index} }}`)
  const { code, stdout } = await locket(['compose', 'up', ...flags, '--env=LONG=local://long', 's'])
  assert.equal(code, 0, stdout)
  const expected = Object.fromEntries(AWKWARD.slice(0, 12).map((value, index) => [`V${index}`, value]))
  assert.deepEqual(setIn(stdout), { ...expected, LONG: long })
})

test('the environment and [compose] of a file give what no option does', async (t) => {
  const { locket, put } = await composeWorld(t)
  const config = await put(
    'locket.toml',
    '[compose]\nenv = ["A=toml", "B=toml"]\n[compose.secret]\nC = "toml"\n',
  )
  const { stdout } = await locket(['compose', 'up', `--config=${config}`, 's'], {
    LOCKET_SECRETS: 'C=1\nD=2,x',
  })
  assert.deepEqual(setIn(stdout), { A: 'toml', B: 'toml', C: '1', D: '2,x' })
})

test('trouble that passes and a warning are info, so that Compose goes on', async (t) => {
  const server = await connect(t)
  const { locket, folder, store } = await composeWorld(t)
  await store('a', CANARY)
  await chmod(join(folder, 'store/local.key'), 0o644)
  server.knobs.failNext.push({ status: 503 }, { status: 429, headers: { 'retry-after': '1' } })
  const { code, stdout, stderr } = await locket(
    [
      'compose',
      'up',
      '--env=A=local://a',
      '--env=B={{ op://Mordin/TestKey/text }}',
      '--env=C={{ elsewhere://x }}',
      's',
    ],
    { OP_CONNECT_HOST: server.url, OP_CONNECT_TOKEN: TOKEN },
  )
  assert.deepEqual([code, stderr], [0, ''], stdout)
  assert.deepEqual(setIn(stdout), { A: CANARY, B: CANARY, C: '{{ elsewhere://x }}' })
  const infos = linesOf(stdout)
    .filter(({ type }) => type === 'info')
    .map(({ message }) => message)
  assert.match(infos.join('\n'), /users other than the owner have access to the key file/)
  assert.match(infos.join('\n'), /a template looks like a mistake where="flag --env C"/)
  assert.ok(!linesOf(stdout).some(({ type }) => type === 'error'))
})

test('a failing reference is one error with its cause, and no variable is set', async (t) => {
  const server = await connect(t)
  const { locket, store } = await composeWorld(t)
  await store('a', CANARY)
  const env = { OP_CONNECT_HOST: server.url, OP_CONNECT_TOKEN: TOKEN }
  const up = (...flags: string[]) => locket(['compose', 'up', '--env=A=local://a', ...flags, 's'], env)
  const missing = await up('--env=B={{ op://Mordin/TestKey/none }}', '--env=C=local://none')
  assert.equal(missing.code, 66)
  const message = errorIn(missing.stdout)
  assert.match(message, /local:\/\/none/)
  assert.match(message, /op:\/\/Mordin\/TestKey\/none/)
  server.knobs.tokens.clear()
  const refused = await up('--env=B={{ op://Mordin/TestKey/text }}')
  assert.equal(refused.code, 77)
  assert.match(errorIn(refused.stdout), /op:\/\/Mordin\/TestKey\/text.*op-connect at http/)
  assertNoSecret(missing.stdout + refused.stdout + missing.stderr + refused.stderr, [CANARY, TOKEN])
})

for (const [what, args, code, text] of [
  [
    'no variable',
    ['up', 's'],
    64,
    /^service s has no variable to set: give it the option env, env_file or secrets \(the environment: of the/,
  ],
  ['no service', ['up', '--env=A=1'], 64, /^locket compose up: SERVICE is missing$/],
  ['no action', [], 64, /^locket compose: up\|down\|stop\|metadata is missing /],
  ['another action', ['dwn', 's'], 64, /did you mean down\?/],
  [
    'an unknown option',
    ['up', '--secert=A=1', 's'],
    64,
    /^locket compose has no flag --secert \(did you mean --secret\?\)$/,
  ],
  ['a bad name', ['up', `--env=1A=${CANARY}`, 's'], 78, /^flag --env: 1A is not a valid name for a variable/],
  ['a bad switch', ['up', '--raw=perhaps', 's'], 64, /^flag --raw: must be true or false$/],
  ['a missing file', ['up', '--env-file=no.env', 's'], 74, /^flag --env-file: there is no file no\.env/],
  ['a NUL byte', ['up', '--env=A=local://nul', 's'], 65, /^flag --env A: the value holds a NUL byte/],
] as const) {
  test(`${what} is one line of JSON, because Compose shows nothing else`, async (t) => {
    const world = await composeWorld(t)
    await world.store('nul', `${CANARY}\0`)
    const { code: seen, stdout, stderr } = await world.locket(['compose', ...args])
    assert.deepEqual([seen, stderr], [code, ''])
    assert.match(errorIn(stdout), text)
    assertNoSecret(stdout, [CANARY])
  })
}

test('down and stop do nothing and succeed, with any environment', async (t) => {
  const { locket } = await composeWorld(t)
  const env = { LOCKET_CONFIG: '/no/such.toml', LOCKET_RAW: 'perhaps', LOCKET_ENV: '=' }
  for (const action of ['down', 'stop'])
    assert.deepEqual(await locket(['compose', action, 'locket'], env), {
      code: 0,
      stdout: '',
      stderr: '',
    })
})

test('metadata lists every option under each of its names, with - and with _', async (t) => {
  const { locket } = await composeWorld(t)
  const { code, stdout, stderr } = await locket(['compose', 'metadata'])
  assert.deepEqual([code, stderr], [0, ''])
  const Parameters = z.strictObject({
    parameters: z.array(
      z.strictObject({
        name: z.string(),
        description: z.string().min(1),
        required: z.literal(false),
        type: z.enum(['string', 'boolean']),
        default: z.string().optional(),
      }),
    ),
  })
  const { up, down, stop } = z
    .strictObject({ description: z.string().min(1), up: Parameters, down: Parameters, stop: Parameters })
    .parse(JSON.parse(stdout))
  const names = up.parameters.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  for (const name of [
    'secret',
    'secrets',
    'env',
    'env-file',
    'env_file',
    'raw',
    'provider',
    'connect_host',
    'connect-token',
    'log_level',
  ])
    assert.ok(names.includes(name), name)
  for (const name of fieldsOf(RENDERING_SECTIONS).flatMap(flagNames)) {
    assert.ok(names.includes(name), name)
    assert.ok(names.includes(name.replaceAll('-', '_')), name)
  }
  assert.ok(!names.includes('project-name'))
  assert.deepEqual([down.parameters, stop.parameters], [[], []])
})

test('a service name that is not a valid variable name in a shell gets a remark', async (t) => {
  const { locket } = await composeWorld(t)
  const { stdout } = await locket(['compose', 'up', '--env=A=1', 'my-sec'])
  assert.match(
    linesOf(stdout)[0]?.message ?? '',
    /begins the variables with MY-SEC_, which is not a valid variable name in a shell/,
  )
  assert.deepEqual(setIn(stdout), { A: '1' })
})

test('raw keeps names where Compose supports it; otherwise an error names the version', async (t) => {
  const world = await composeWorld(t)
  const raw = ['compose', 'up', '--env=A=1', '--raw', '--project-name=demo', 'my-sec']
  const alone = await world.locket(raw)
  assert.deepEqual(setIn(alone.stdout, 'rawsetenv'), { A: '1' })
  assert.deepEqual(setIn(alone.stdout), {})
  assert.match(linesOf(alone.stdout)[0]?.message ?? '', /^raw needs Docker Compose 5\.2\.0 or newer$/)
  const good = await calledBy('5.2.0', world, raw)
  assert.deepEqual(
    linesOf(good.stdout).map(({ type }) => type),
    ['info', 'rawsetenv'],
  )
  // A Compose that announces its messages is not asked for its version.
  const announced = { COMPOSE_PROVIDER_MESSAGES: 'error,info,setenv,rawsetenv,debug' }
  assert.deepEqual(setIn((await calledBy('2.40.3', world, raw, announced)).stdout, 'rawsetenv'), { A: '1' })
  const old = await calledBy('v2.40.3-desktop.1', world, raw)
  assert.equal(old.code, 64)
  assert.match(
    errorIn(old.stdout),
    /^raw needs Docker Compose 5\.2\.0 or newer, and this is 2\.40\.3 \(without raw/,
  )
})

test('an older Compose is named with its version when only environment: could hold variables', async (t) => {
  const world = await composeWorld(t)
  const { stdout } = await calledBy('2.40.3', world, ['compose', '--project-name=demo', 'up', 's'])
  assert.match(
    errorIn(stdout),
    /the environment: of the service counts with Docker Compose 5\.6\.0 or newer, and this is 2\.40\.3\)$/,
  )
})

/** By a program of that name which tells that version: Node, which takes `version` for a file to run. */
async function calledBy(
  version: string,
  { folder, put, program, run }: EnvironmentWorld,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const compose = join(folder, 'docker-compose')
  await copyFile(process.execPath, compose, constants.COPYFILE_FICLONE)
  await put('version', `console.log(${JSON.stringify(version)})`)
  const words = JSON.stringify([...program, ...args])
  const starter = `const [a, ...b] = ${words}; process.exitCode = require('node:child_process').spawnSync(a, b, { stdio: 'inherit' }).status`
  return run([compose, '-e', starter], env)
}
