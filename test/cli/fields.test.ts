import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseDotenv } from '../../src/core/text/dotenv.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { MAIN } from '../support/program.ts'
import { environmentWorld } from './environment-command.ts'
import { execWorld, startProcess } from './exec/exec-command.ts'

const USER = 'canary-fields-user'
const PASSWORD = 'canary-fields-password'
const ENTRY = 'DB_*={{ local://db/* }}'
const PRINT = ['--', 'sh', '-c', 'env | sort | grep -E "^(DB_|X)"']

async function holding(t: TestContext) {
  const world = await environmentWorld(t)
  await world.store('db/user-name', USER)
  await world.store('db/password', PASSWORD)
  return world
}

test('exec: one entry is one variable for each field, by --env and from the environment', async (t) => {
  const { locket } = await holding(t)
  const expected = `DB_PASSWORD=${PASSWORD}\nDB_USER_NAME=${USER}\n`
  assert.equal((await locket(['exec', '-e', ENTRY, ...PRINT])).stdout, expected)
  assert.equal((await locket(['exec', '-e', 'DB_*=local://db/*', ...PRINT])).stdout, expected)
  const inherited = await locket(['exec', '--resolve-env', ...PRINT], { 'DB_*': 'local://db/*' })
  assert.equal(inherited.stdout, expected)
  const kept = ['exec', '-e', 'X_*=local://db/*', '--field-names', 'keep', '--', 'env']
  assert.match((await locket(kept)).stdout, /^X_user-name=canary-fields-user$/m)
})

test('exec: an entry after a * replaces its variable, and a * replaces entries before it', async (t) => {
  const { locket } = await holding(t)
  const after = await locket(['exec', '-e', ENTRY, '-e', 'DB_PASSWORD=mine', ...PRINT])
  assert.equal(after.stdout, `DB_PASSWORD=mine\nDB_USER_NAME=${USER}\n`)
  const before = await locket(['exec', '-e', 'DB_PASSWORD=mine', '-e', ENTRY, ...PRINT])
  assert.equal(before.stdout, `DB_PASSWORD=${PASSWORD}\nDB_USER_NAME=${USER}\n`)
  const two = await locket(['exec', '-e', 'DB_*=local://db/*', '-e', 'X*=local://db/*', ...PRINT])
  assert.equal(two.stdout.split('\n').length, 5)
})

test('exec: --mask masks the value of each field', async (t) => {
  const { locket } = await holding(t)
  const { stdout } = await locket(['exec', '--mask', '-e', ENTRY, ...PRINT])
  assert.equal(stdout, 'DB_PASSWORD=[secret]\nDB_USER_NAME=[secret]\n')
})

test('exec and inject: files for each field, which exec removes', async (t) => {
  const { locket, folder } = await holding(t)
  const files = ['--secret', 'db/*=local://db/*', '--out', join(folder, 'out')]
  const ran = await locket(['exec', ...files, '--', 'sh', '-c', 'cat out/db/user-name out/db/password'])
  assert.equal(ran.stdout, USER + PASSWORD)
  await assert.rejects(readdir(join(folder, 'out')))
  const { code, stderr } = await locket(['inject', '--mode', 'one-shot', ...files])
  assert.equal(code, 0, stderr)
  assert.deepEqual((await readdir(join(folder, 'out/db'))).toSorted(), ['password', 'user-name'])
  assert.equal(await readFile(join(folder, 'out/db/password'), 'utf8'), PASSWORD)
})

test('inject: a template of a map is one file, so a * in it is refused before anything is asked', async (t) => {
  const { locket, put, folder } = await holding(t)
  const template = await put('all.tpl', '{{ local://db/* }}\n')
  const { code, stderr } = await locket(['inject', '--mode=one-shot', '--map', `${template}:${folder}/o`])
  assert.equal(code, 64)
  assert.match(stderr, /gives several values, and a template of a map is one file \(write --secret NAME\/\*=/)
  const printed = await locket(['inject', '--mode=one-shot', '--map', `${template}:-`])
  assert.deepEqual([printed.code, printed.stdout], [64, ''], printed.stderr)
})

test('fields that give one variable, or none, start nothing and are named', async (t) => {
  const { locket, store, folder } = await holding(t)
  await store('clash/user name', 'canary-fields-1')
  await store('clash/user-name', 'canary-fields-2')
  await store('clash/2fa', 'canary-fields-3')
  const { code, stderr, stdout } = await locket(['exec', '-e', '*=local://clash/*', '--', 'touch', 'mark'])
  assert.equal(code, 64)
  assert.match(stderr, /the field "user-name" gives USER_NAME, as the field "user name" does/)
  assert.match(stderr, /the field "2fa" gives "2FA", which is not a valid name for a variable/)
  assertNoSecret(stderr + stdout, ['canary-fields'])
  assert.ok(!(await readdir(folder)).includes('mark'))
})

test('attack: no field sets a variable that decides what runs, but an entry of its own does', async (t) => {
  const { locket, store, folder } = await holding(t)
  await store('evil/ld_preload', join(folder, 'evil.so'))
  await store('evil/node-options', `--require=${folder}/evil.js`)
  const refused = await locket(['exec', '-e', '*=local://evil/*', '--', 'env'])
  assert.equal(refused.code, 64)
  for (const name of ['LD_PRELOAD', 'NODE_OPTIONS'])
    assert.match(refused.stderr, new RegExp(`gives ${name}, which can decide what a program runs`))
  const own = ['-e', 'NODE_OPTIONS=--no-warnings', '-e', 'LD_PRELOAD=']
  const { stdout, code } = await locket(['exec', ...own, '-e', '*=local://evil/*', '--', 'env'])
  assert.equal(code, 0)
  assert.match(stdout, /^NODE_OPTIONS=--no-warnings$/m)
  assert.match(stdout, /^LD_PRELOAD=$/m)
  const prefixed = await locket(['exec', '-e', 'APP_*=local://evil/*', '--', 'env'])
  assert.match(prefixed.stdout, /^APP_NODE_OPTIONS=--require=/m)
})

test('export and compose give one variable for each field', async (t) => {
  const { locket } = await holding(t)
  const exported = await locket(['export', '--secret', ENTRY])
  const read = parseDotenv(exported.stdout, 'x').map(({ name, value }) => [name, value])
  assert.deepEqual(Object.fromEntries(read), { DB_PASSWORD: PASSWORD, DB_USER_NAME: USER })
  const composed = await locket(['compose', '--project-name', 'p', 'up', '--secrets', ENTRY, 'locket'])
  const set = composed.stdout.split('\n').filter((line) => line.includes('"setenv"'))
  assert.deepEqual(set.map((line) => (JSON.parse(line) as { message: string }).message).toSorted(), [
    `DB_PASSWORD=${PASSWORD}`,
    `DB_USER_NAME=${USER}`,
  ])
})

test('check counts the fields, and names those that cannot be a file or variable', async (t) => {
  const { locket, put, store } = await holding(t)
  await store('odd/path', 'canary-fields-odd')
  await put(
    'compose.yaml',
    `
volumes:
  v: {driver: locket, driver_opts: {secret.db/*: "{{ local://db/* }}", secret.db/password: text}}
services:
  s: {provider: {type: locket, options: {secrets: ["*={{ local://odd/* }}"]}}}
`,
  )
  const { code, stdout, stderr } = await locket(['check', 'compose.yaml'])
  assert.notEqual(code, 0)
  assert.match(stdout, /^local:\/\/db\/\* +local +ok, 2 fields/m)
  assert.match(stdout, /^local:\/\/odd\/\* +local +ok, 1 field /m)
  assert.match(stdout, /volume v: "db\/password" comes from driver option secret\.db\/\* and from/)
  assert.match(stdout, /service s: .*local:\/\/odd\/\*: the field "path" gives PATH, which can decide/)
  assertNoSecret(stdout + stderr, ['canary-fields'])
  const json = JSON.parse((await locket(['check', '--format=json', 'compose.yaml'])).stdout) as {
    references: { reference: string; fields?: number }[]
  }
  assert.equal(json.references.find(({ reference }) => reference === 'local://db/*')?.fields, 2)
  const offline = await locket(['check', '--offline', 'compose.yaml'])
  assert.equal(offline.code, 0, offline.stdout)
})

test('exec --watch: a field that changes, appears or disappears restarts the command', async (t) => {
  const { start, put, keep, folder } = await execWorld(t)
  await keep('cfg/value', 'canary-fields-one')
  await put('all.tpl', 'local://cfg/*')
  const entry = ['--watch', '--debounce', '50ms', '-e', '*=@all.tpl']
  const running = start([...entry, '--', 'sh', '-c', 'echo "ready $VALUE $MORE"; exec sleep 60'])
  await running.seen(/ready canary-fields-one \n/)
  await keep('cfg/value', 'canary-fields-two')
  await put('all.tpl', '{{ local://cfg/* }}')
  await running.seen(/ready canary-fields-two \n/)
  await put('all.tpl', '{{ local://cfg/* }}\n')
  await keep('cfg/more', 'canary-fields-more')
  await put('all.tpl', 'local://cfg/*\n')
  await running.seen(/ready canary-fields-two canary-fields-more\n/)
  const store = [
    '--local-file',
    join(folder, 'store/secrets.age'),
    '--local-key',
    join(folder, 'store/local.key'),
  ]
  const removed = startProcess([process.execPath, MAIN, 'secret', 'rm', 'cfg/more', ...store], {
    cwd: folder,
    env: {},
  })
  assert.equal((await removed.ended).code, 0)
  await put('all.tpl', 'local://cfg/*')
  await running.seen(/ready canary-fields-two \n/, 2)
  running.process.kill('SIGTERM')
  const { stdout, stderr } = await running.ended
  assert.equal([...stdout.matchAll(/ready/g)].length, 4)
  assertNoSecret(stderr, ['canary-fields'])
})
