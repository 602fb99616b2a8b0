import assert from 'node:assert/strict'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkWorld, documentOf } from './check-command.ts'

const GOOD = 'volumes: {v: {driver: locket, driver_opts: {secret.a: "{{ local://db/password }}"}}}'
/** Without it the check would have something to ask, and so something to check. */
const NO_LOGIN = { OP_CONNECT_HOST: '', OP_CONNECT_TOKEN_FILE: '' }

test('without arguments the compose file of the folder is read, by the names that Compose knows', async (t) => {
  const { check, put, folder } = await checkWorld(t)
  for (const name of ['docker-compose.yaml', 'docker-compose.yml', 'compose.yml', 'compose.yaml']) {
    await put(name, GOOD)
    const { code, stdout } = await check(['--offline'])
    assert.equal(code, 0, stdout)
    assert.match(stdout, new RegExp(`^${name}: a compose file with 1 volume`, 'm'))
    assert.equal(stdout.match(/a compose file/g)?.length, 1)
  }
  await mkdir(join(folder, 'stack'))
  await put('stack/docker-compose.yml', GOOD)
  for (const path of ['stack', 'stack/', join(folder, 'stack')]) {
    const { code, stdout } = await check([path, '--format=json'])
    assert.equal(code, 0, stdout)
    assert.deepEqual(
      documentOf(stdout).files.map(({ file, kind }) => [file, kind]),
      [[`${path.replace(/\/$/, '')}/docker-compose.yml`, 'compose']],
    )
  }
  await rm(join(folder, 'stack/docker-compose.yml'))
  const empty = await check(['stack'])
  assert.equal(empty.code, 74)
  assert.match(
    empty.stdout,
    /^there is no compose\.yaml, .* or docker-compose\.yaml in the folder stack \(if it has another name/m,
  )
})

test('a folder stands for its compose file with the .env file beside it', async (t) => {
  const { check, put, folder } = await checkWorld(t)
  await mkdir(join(folder, 'stack'))
  await put('stack/compose.yaml', GOOD.replace('db/password', '$NAME'))
  await put('stack/.env', 'NAME=db/password\n')
  const { code, stdout } = await check(['stack'])
  assert.equal(code, 0, stdout)
  assert.match(stdout, /^local:\/\/db\/password +local +ok/m)
})

test('- is standard input: a compose file, or else a template', async (t) => {
  const { checkInput, check } = await checkWorld(t)
  const compose = await checkInput(GOOD, ['-'])
  assert.equal(compose.code, 0, compose.stdout)
  assert.match(compose.stdout, /^standard input: a compose file with 1 volume and 0 provider services/m)
  const template = await checkInput('a {{ local://gone }}', ['--format=json', '-'])
  assert.equal(template.code, 66)
  const { files, references } = documentOf(template.stdout)
  assert.deepEqual(files, [{ file: 'standard input', kind: 'template', problems: [], warnings: [] }])
  assert.deepEqual(references[0]?.where, ['standard input'])
  const large = await checkInput('x'.repeat(2000), ['--max-file-size=1K', '-'])
  assert.equal(large.code, 74)
  assert.match(large.stdout, /^standard input: standard input is larger than 1024 bytes/m)
  const twice = await check(['-', '-'])
  assert.deepEqual([twice.code, twice.stderr], [64, 'locket: standard input can be checked once only\n'])
})

test('a file that is named twice is checked once', async (t) => {
  const { check, put } = await checkWorld(t)
  await put('plain.conf', 'no reference')
  const { stdout } = await check(['plain.conf', 'plain.conf'], NO_LOGIN)
  assert.equal(stdout.match(/^plain\.conf: /gm)?.length, 1, stdout)
})

test('nothing of locket found is not ok', async (t) => {
  const { check, put } = await checkWorld(t)
  const bare = await check([], NO_LOGIN)
  assert.equal(bare.code, 78, bare.stdout)
  assert.match(
    bare.stdout,
    /^configuration: there is nothing to check: there is no compose\.yaml, .* here \(name /m,
  )
  assert.equal((await check(['--secret=a=b'], NO_LOGIN)).code, 0)
  await put('other.yaml', 'services: {a: {image: x}}\nvolumes: {v: {driver: local}}')
  await put('plain.conf', 'no reference')
  for (const [name, reason] of [
    [
      'other.yaml',
      'it has no volume with driver: locket and no service with provider type: locket (--driver',
    ],
    ['plain.conf', 'it has no reference (a reference is written'],
  ] as const) {
    const { code, stdout } = await check([name])
    assert.equal(code, 78, stdout)
    assert.ok(stdout.includes(`\n${name}: ${reason}`), stdout)
  }
  await put('good.yaml', GOOD)
  const beside = await check(['good.yaml', 'other.yaml'])
  assert.equal(beside.code, 0, beside.stdout)
  assert.match(beside.stdout, /^other\.yaml: warning: it has no volume with driver: locket/m)
})

test('a name that is nearly the driver’s is asked about', async (t) => {
  const { check, put } = await checkWorld(t)
  await put(
    'compose.yaml',
    `volumes:
  good: {driver: locket, driver_opts: {secret.a: "{{ local://db/password }}"}}
  a: {driver: "locked:1.2", driver_opts: {secret.a: "{{ local://db/password }}"}}
  b: {driver: rocket, driver_opts: {speed: 3}}
  c: {driver: local}
  d: {driver: mine2, driver_opts: {secret: x}}
services:
  s: {provider: {type: loket, options: {env: "A=x"}}}`,
  )
  const { code, stdout } = await check(['--driver=mine'])
  assert.equal(code, 78)
  const lines = stdout.split('\n').filter((line) => line.includes('did you mean'))
  assert.deepEqual(lines, [
    'compose.yaml: volume a: driver locked:1.2 is not locket, did you mean locket?',
    'compose.yaml: volume d: driver mine2 is not locket, did you mean mine?',
    'compose.yaml: service s: provider type loket is not locket, did you mean locket?',
    'compose.yaml: warning: volume b: driver rocket is not locket, did you mean locket?',
  ])
})
