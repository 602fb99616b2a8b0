import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { parseSecretName } from '../../../src/core/vocabulary/secret-name.ts'
import { createRef } from '../../../src/core/vocabulary/ref.ts'
import { LocketError } from '../../../src/core/vocabulary/errors.ts'
import { startWorker } from '../../../src/wire.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { openSourceFiles } from '../../../src/host/sources/source-files.ts'
import { local } from '../../../src/providers/local/local.ts'
import type { LocalPaths } from '../../../src/providers/local/reader.ts'
import { createRecordingLog } from '../../fakes/recording-log.ts'
import { localStore, run, storeAt } from './local-store.ts'

const CANARY = 'canary-5d1e-value'
const soon = () => AbortSignal.timeout(20_000)

async function open(paths: LocalPaths, files = openSourceFiles()) {
  const log = createRecordingLog()
  const clock = { ...systemClock(), sleep: () => Promise.resolve() }
  return {
    log,
    client: await local.open(
      paths,
      { clock, emit: log.emit, files, startWorker, env: {}, hiddenNames: new Set() },
      'local',
    ),
  }
}

async function failure(paths: LocalPaths, name = 'db/password'): Promise<LocketError> {
  const ref = createRef('local', name, `local://${name}`)
  const outcome = (await (await open(paths)).client.fetch([ref], soon())).get(ref.id)
  assert.ok(outcome?.ok === false)
  return outcome.error
}

async function valueOf(paths: LocalPaths, name: string): Promise<string> {
  const ref = createRef('local', name, `local://${name}`)
  const outcome = (await (await open(paths)).client.fetch([ref], soon())).get(ref.id)
  assert.ok(outcome?.ok === true, inspect(outcome))
  return new TextDecoder().decode(outcome.secret.value.reveal())
}

test('plain age reads what locket wrote', async (t) => {
  const at = await localStore(t)
  await at.put('db/password', CANARY)
  const { stdout } = await run('age', ['-d', '-i', at.key, at.file])
  const document: unknown = JSON.parse(stdout)
  assert.ok(typeof document === 'object' && document !== null && 'secrets' in document)
  assert.ok(inspect(document.secrets).includes(Buffer.from(CANARY).toString('base64')))
  assert.equal(
    (await run('age-keygen', ['-y', at.key])).stdout.trim(),
    (await readFile(at.key, 'utf8')).split('\n')[1]?.replace('# public key: ', ''),
  )
})

for (const armor of [false, true]) {
  test(`a file of plain age is read and changed, ${armor ? 'armored' : 'binary'}`, async (t) => {
    const at = await localStore(t)
    await run('age-keygen', ['-o', at.key])
    const recipient = (await run('age-keygen', ['-y', at.key])).stdout.trim()
    const entry = { value: Buffer.from(CANARY).toString('base64'), updated: '2026-01-02T03:04:05Z' }
    const input = JSON.stringify({ format: 'locket-secrets', version: 1, secrets: { 'by/hand': entry } })
    execFileSync('age', [...(armor ? ['-a'] : []), '-r', recipient, '-o', at.file], { input })
    assert.equal(await valueOf(at, 'by/hand'), CANARY)
    await at.put('by/locket', `${CANARY}-2`)
    assert.match((await run('age', ['-d', '-i', at.key, at.file])).stdout, /by\/hand[\s\S]*by\/locket/)
  })
}

test('file and key are made on first use, for their owner alone, in a folder made for them', async (t) => {
  const { dir } = await localStore(t)
  const paths = { file: join(dir, 'new/deep/secrets.age'), key: join(dir, 'new/deep/local.key') }
  assert.deepEqual(await storeAt(paths).list(), [])
  assert.deepEqual(await readdir(dir), [])
  const made = await storeAt(paths).set(new Map(), soon())
  assert.deepEqual(made, { replaced: new Set(), made: [paths.key, paths.file] })
  for (const path of [paths.file, paths.key]) assert.equal((await stat(path)).mode & 0o777, 0o600, path)
  for (const path of ['new', 'new/deep'])
    assert.equal((await stat(join(dir, path))).mode & 0o777, 0o700, path)
})

test('a change keeps owner, mode and link of the file', async (t) => {
  const at = await localStore(t)
  await at.put('a', CANARY)
  await mkdir(join(at.dir, 'linked'))
  const linked = { ...at, file: join(at.dir, 'linked/secrets.age') }
  await symlink(at.file, linked.file)
  execFileSync('chown', ['1234:1234', at.file])
  await chmod(at.file, 0o640)
  const values = new Map([[parseSecretName('b'), await at.store.get(parseSecretName('a'))]])
  await storeAt(linked).set(values, soon())
  assert.ok((await lstat(linked.file)).isSymbolicLink())
  const { mode, uid, gid } = await stat(at.file)
  assert.deepEqual([mode & 0o777, uid, gid], [0o640, 1234, 1234])
  assert.equal(await valueOf(at, 'b'), CANARY)
})

test('what root writes into a user\u2019s folder is the user\u2019s', async (t) => {
  const at = await localStore(t)
  execFileSync('chown', ['1234:1234', at.dir])
  await at.put('a', CANARY)
  for (const name of await readdir(at.dir)) assert.equal((await stat(join(at.dir, name))).uid, 1234, name)
})

test('a lost key is not replaced by a new one', async (t) => {
  const at = await localStore(t)
  await at.put('a', CANARY)
  await run('rm', [at.key])
  await assert.rejects(at.put('b', CANARY), { code: 'credential_missing', message: `${at.key} is not there` })
  assert.ok(!(await readdir(at.dir)).includes('local.key'))
})

test('several identities: the first one seals, all of them open', async (t) => {
  const at = await localStore(t)
  await at.put('a', CANARY)
  const old = await readFile(at.key, 'utf8')
  const fresh = (await run('age-keygen', [])).stdout
  await writeFile(at.key, fresh + old)
  assert.equal(await valueOf(at, 'a'), CANARY)
  await at.put('b', CANARY)
  await writeFile(at.key, fresh)
  assert.equal(await valueOf(at, 'a'), CANARY)
  await writeFile(at.key, old)
  assert.equal((await failure(at)).code, 'auth')
})

test('a rotated key opens everything, and the old one nothing', async (t) => {
  const at = await localStore(t)
  await at.put('a', CANARY)
  const old = await readFile(at.key, 'utf8')
  const recipient = await at.store.rotateKey(soon())
  assert.ok((await readFile(at.key, 'utf8')).includes(recipient))
  assert.equal(await valueOf(at, 'a'), CANARY)
  await writeFile(at.key, old)
  assert.equal((await failure(at)).code, 'auth')
})

test('keys that cannot be used are auth, and are not quoted', async (t) => {
  const at = await localStore(t)
  await at.put('a', CANARY)
  const key = await readFile(at.key, 'utf8')
  const identity = key.split('\n')[2] ?? ''
  const sshKey = `-----BEGIN OPENSSH PRIVATE KEY-----\n${CANARY}\n`
  const encrypted = execFileSync(
    'age',
    ['-a', '-r', (await run('age-keygen', ['-y', at.key])).stdout.trim()],
    { input: key },
  )
  for (const text of [
    '',
    '# nothing\n',
    `${identity.slice(0, -1)}${identity.endsWith('Q') ? 'P' : 'Q'}`,
    sshKey,
    'AGE-PLUGIN-YUBIKEY-1ABC',
    encrypted,
  ]) {
    await writeFile(at.key, text)
    const error = await failure(at)
    assert.equal(error.code, 'auth', String(text))
    assert.ok(error.message.includes(at.key))
    assert.ok(
      !inspect(error, { depth: 9 }).includes(identity.slice(20, -5)) && !inspect(error).includes(CANARY),
    )
  }
})

test('a file that was cut, changed or is of something else is provider_protocol', async (t) => {
  const at = await localStore(t)
  await at.put('a', CANARY.repeat(10))
  const sealed = await readFile(at.file)
  const recipient = (await run('age-keygen', ['-y', at.key])).stdout.trim()
  const flipped = Buffer.from(sealed)
  flipped[sealed.length - 20] = (flipped[sealed.length - 20] ?? 0) ^ 1
  const notOurs = execFileSync('age', ['-r', recipient], { input: `password=${CANARY}` })
  const cases = [
    sealed.subarray(0, -1),
    sealed.subarray(0, 60),
    flipped,
    Buffer.alloc(0),
    Buffer.from('hello'),
    notOurs,
  ]
  for (const bytes of [...cases, Buffer.from('-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n')]) {
    await writeFile(at.file, bytes)
    const error = await failure(at)
    assert.equal(error.code, 'provider_protocol', bytes.toString('latin1', 0, 40))
    assert.ok(error.message.startsWith(at.file))
    assert.ok(!inspect(error, { depth: 9 }).includes(CANARY))
    await assert.rejects(at.put('b', CANARY), { code: 'provider_protocol' })
    assert.deepEqual(await readFile(at.file), bytes)
  }
})

test('a missing secret tells the one nearest name', async (t) => {
  const at = await localStore(t)
  for (const name of ['db/password', 'db/user', 'mail/password']) await at.put(name, CANARY)
  assert.equal((await failure(at, 'db/pasword')).hint, 'did you mean db/password?')
  assert.equal((await failure(at, 'something/else')).hint, 'store it with `locket secret set something/else`')
  await assert.rejects(at.store.remove([parseSecretName('db/user'), parseSecretName('db/usr')], soon()), {
    code: 'not_found',
    hint: 'did you mean db/user?',
  })
  assert.equal((await at.store.list()).length, 3)
})

test('a key file that others can read is used, with one warning per key', async (t) => {
  const at = await localStore(t)
  await at.put('a', CANARY)
  await chmod(at.key, 0o644)
  const { client, log } = await open(at)
  const ref = createRef('local', 'a', 'local://a')
  for (let times = 0; times < 3; times += 1)
    assert.equal((await client.fetch([ref], soon())).get(ref.id)?.ok, true)
  assert.deepEqual(
    log.lines.map((line) => [line.level, line.event, line.facts]),
    [['warn', 'local.key_exposed', { path: at.key, mode: '0644' }]],
  )
})

test('a fetch sees what was stored before it was asked, also while another one runs', async (t) => {
  const at = await localStore(t)
  await at.put('a', '0')
  const { client } = await open(at)
  const ref = createRef('local', 'a', 'local://a')
  for (let round = 1; round <= 5; round += 1) {
    const earlier = client.fetch([ref], soon())
    await at.put('a', String(round))
    const later = await client.fetch([ref], soon())
    await earlier
    const outcome = later.get(ref.id)
    assert.ok(outcome?.ok === true && Buffer.from(outcome.secret.value.reveal()).toString() === String(round))
  }
})

test('many fetches at once share reads, and each gets values of its own', async (t) => {
  const at = await localStore(t)
  await at.put('a', CANARY)
  let reads = 0
  const files = openSourceFiles()
  const read = (...args: Parameters<typeof files.read>) => ((reads += 1), files.read(...args))
  const { client } = await open(at, { ...files, read })
  const ref = createRef('local', 'a', 'local://a')
  const answers = await Promise.all(Array.from({ length: 100 }, () => client.fetch([ref], soon())))
  assert.ok(reads <= 4, `${reads} reads`)
  const values = answers.map((outcomes) => {
    const outcome = outcomes.get(ref.id)
    return outcome?.ok === true ? outcome.secret.value : assert.fail()
  })
  values[0]?.wipe()
  assert.ok(values.slice(1).every((value) => Buffer.from(value.reveal()).toString() === CANARY))
})

test('a file that is never read to its end costs its callers no more than their deadline', async () => {
  const never = { read: () => new Promise<never>(() => undefined), wasRead: () => false }
  const { client } = await open({ file: '/a', key: '/b' }, never)
  const ref = createRef('local', 'a', 'local://a')
  const codeWith = async (signal: AbortSignal) => {
    const outcome = (await client.fetch([ref], signal)).get(ref.id)
    return outcome?.ok === false ? outcome.error.code : 'ok'
  }
  const deadline = new LocketError('timeout', 'no answer within 25000 ms')
  const caller = new AbortController()
  const codes = [
    AbortSignal.timeout(50),
    AbortSignal.abort(),
    AbortSignal.abort(deadline),
    caller.signal,
  ].map(codeWith)
  caller.abort()
  assert.deepEqual(await Promise.all(codes), ['timeout', 'aborted', 'timeout', 'aborted'])
})

test('a folder that cannot be written to is reported', async () => {
  const paths = { file: '/sys/kernel/locket/secrets.age', key: '/sys/kernel/locket/local.key' }
  await assert.rejects(storeAt(paths).set(new Map(), soon()), {
    code: 'io',
    message: 'cannot write /sys/kernel/locket/secrets.age: this user may not write there',
  })
})

test('one path for file and key is refused before anything is written', () => {
  assert.throws(() => storeAt({ file: '/tmp/x', key: '/tmp/x' }), { code: 'config' })
  assert.equal(local.check({ file: '/tmp/x', key: '/tmp/x' }).length, 1)
})
