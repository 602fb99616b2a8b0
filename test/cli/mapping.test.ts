import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { MAIN } from '../support/program.ts'
import { execWorld, PASSWORD, startProcess } from './exec/exec-command.ts'

async function mappingWorld(t: TestContext) {
  const world = await execWorld(t)
  return {
    ...world,
    mapping: async (...args: string[]) => {
      const words = [process.execPath, MAIN, 'mapping', ...args]
      const running = startProcess(words, { cwd: world.folder, env: world.env })
      running.process.stdin?.end()
      const { code, stdout, stderr } = await running.ended
      assertNoSecret(stdout + stderr, [PASSWORD], `mapping ${args.join(' ')}`)
      return { code, stdout, stderr: stderr.replaceAll(world.folder, 'FOLDER') }
    },
  }
}

test('add makes the file, and keeps what is in it', async (t) => {
  const { mapping, put, read } = await mappingWorld(t)
  assert.equal((await mapping('add', 'DB_PASSWORD', 'local://db/password')).code, 0)
  assert.equal(await read('locket.toml'), '[secrets]\nDB_PASSWORD = "{{ local://db/password }}"\n')
  await put(
    'locket.toml',
    '# ours\n[secrets] # here\nA = "{{ local://a }}"\n\n# next\n[exec]\nwatch = true\n',
  )
  assert.equal((await mapping('add', 'URL', 'x://{{ local://db/password }}@db')).code, 0)
  await mapping('add', 'A', 'local://f', '--environment', 'production')
  assert.equal(
    await read('locket.toml'),
    '# ours\n[secrets] # here\nA = "{{ local://a }}"\nURL = "x://{{ local://db/password }}@db"\n\n# next\n[exec]\nwatch = true\n\n[production.secrets]\nA = "{{ local://f }}"\n',
  )
  const { stderr } = await mapping('add', 'B', 'local://b', '--local')
  assert.equal(stderr, 'added B to FOLDER/locket.local.toml\n')
  assert.equal(await read('locket.local.toml'), '[secrets]\nB = "{{ local://b }}"\n')
})

test('add writes nothing that run would refuse', async (t) => {
  const { mapping, put, read } = await mappingWorld(t)
  const before = '[secrets]\nA = "{{ local://a }}"\n'
  await put('locket.toml', before)
  for (const [args, says] of [
    [['A', 'local://b'], /FOLDER\/locket\.toml has the variable A already \(change its line in the file\)/],
    [['B C', 'local://b'], /line 3: B C is not a valid name for a variable/],
    [['B', 'plain text'], /line 3 B: it has no reference/],
    [['B', 'nosuch://x'], /line 3 B: it has no reference: .* is not a reference of a known provider/],
    [['B', 'op://vault'], /line 3 B: .*expected op:\/\/vault\/item/],
    [['B'], /REFERENCE/],
  ] as const) {
    const { code, stderr } = await mapping('add', ...args)
    assert.notEqual(code, 0, stderr)
    assert.match(stderr, says)
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
    assert.equal(await read('locket.toml'), before)
  }
  await put('locket.toml', 'secrets = { A = "{{ local://a }}" }\n')
  const { stderr } = await mapping('add', 'B', 'local://b')
  assert.match(stderr, /cannot be changed by locket: .* \(add the line B = "\{\{ local:\/\/b \}\}"\)/)
})

test('add and validate take a reference whose provider has no settings here, and say so', async (t) => {
  const { mapping } = await mappingWorld(t)
  const { code, stderr } = await mapping('add', 'TOKEN', 'bao://secret/app/token')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^note: .*needs bao: bao-url \(BAO_URL\) is not set.*\nadded TOKEN to/)
  const validated = await mapping('validate')
  assert.equal(validated.code, 0, validated.stderr)
  assert.match(validated.stderr, /^note: .*needs bao/)
  assert.equal((await mapping('status')).code, 78)
})

test('list shows the templates, and validate checks every environment', async (t) => {
  const { mapping, put } = await mappingWorld(t)
  await put('locket.toml', '[secrets]\nA = "{{ local://a }}"\n[production.secrets]\nB = "{{ local://b }}"\n')
  assert.equal((await mapping('list')).stdout, 'NAME  TEMPLATE\nA     "{{ local://a }}"\n')
  assert.match(
    (await mapping('list', '--environment', 'production')).stdout,
    /\nB     "\{\{ local:\/\/b \}\}"\n/,
  )
  const good = await mapping('validate')
  assert.equal(good.code, 0, good.stderr)
  assert.match(good.stdout, /locket\.toml: 1 variables, 2 in production: all valid\n/)
  await put(
    'locket.toml',
    '[secrets]\nA = "{{ local://a }}"\n[production.secrets]\nB = "{{ op://b }}"\nC = 1\n',
  )
  const bad = await mapping('validate')
  assert.equal(bad.code, 78)
  assert.match(bad.stderr, /line 5 C: write "\{\{ REFERENCE \}\}"/)
  await put('locket.toml', '[secrets]\nA = "{{ local://a }}"\n[production.secrets]\nB = "{{ op://b }}"\n')
  assert.match((await mapping('validate')).stderr, /line 4 B: .*op:\/\/vault\/item/)
})

test('status asks for each value, names what fails, and shows no value', async (t) => {
  const { mapping, put } = await mappingWorld(t)
  await put('locket.toml', '[secrets]\nA = "{{ local://db/password }}"\n')
  const good = await mapping('status')
  assert.equal(good.code, 0, good.stderr)
  assert.equal(good.stdout, 'NAME  REFERENCE            STATE\nA     local://db/password  has a value\n')
  await put('locket.toml', '[secrets]\nA = "{{ local://db/password }}"\nB = "{{ local://gone }}"\n')
  const bad = await mapping('status')
  assert.equal(bad.code, 66)
  assert.match(bad.stdout, /\nA     local:\/\/db\/password  has a value\nB     local:\/\/gone +.*gone/)
})

test('without a file, or with a wrong word, it says what to do', async (t) => {
  const { mapping } = await mappingWorld(t)
  assert.match((await mapping('status')).stderr, /there is no mapping file: no locket\.toml/)
  assert.match((await mapping('check')).stderr, /did you mean validate\?/)
  assert.match((await mapping()).stderr, /takes one of add, list, validate, status/)
})

test('run refuses a tag that is not a reference, and does not pass it on as text', async (t) => {
  const { put, folder, env } = await mappingWorld(t)
  await put('locket.toml', '[secrets]\nA = "{{ nosuch://x }}"\nB = "{{ vault/item/field }}"\n')
  const running = startProcess([process.execPath, MAIN, 'run', '--', 'env'], { cwd: folder, env })
  const { code, stdout, stderr } = await running.ended
  assert.equal(code, 65)
  assert.equal(stdout, '')
  assert.match(stderr, /line 2 A: it has no reference: .*\n.*line 3 B: it has no reference \(write/)
})

test('a misspelled key of a table is named, with the one that was meant', async (t) => {
  const { mapping, put } = await mappingWorld(t)
  await put('locket.toml', '[secrets]\nA = { provider = "vault", ref = "secret/data/a", feild = "b" }\n')
  assert.match((await mapping('validate')).stderr, /line 2 A: there is no key feild, did you mean field\?/)
  await put('locket.toml', '[secrets]\nA = { provider = "vault", path = "secret/data/a" }\n')
  assert.match((await mapping('validate')).stderr, /line 2 A: there is no key path: write "\{\{ REFERENCE/)
})
