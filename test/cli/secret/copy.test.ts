import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { startBaoServer } from '../../fixtures/servers/bao.ts'
import { mountOf } from '../../fixtures/servers/bao-data.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { MAIN } from '../../support/program.ts'
import { execWorld, PASSWORD, startProcess } from '../exec/exec-command.ts'

const CANARIES = ['canary-copy-user-1d4', 'canary-copy-pass-2e5', PASSWORD]
const [USER = '', PASS = ''] = CANARIES

async function copyWorld(t: TestContext) {
  const world = await execWorld(t)
  const secrets = {
    db: { username: USER, password: PASS },
    odd: { 'a/b': USER },
    twice: { ü: USER, 'u\u0308': PASS },
  }
  const bao = await startBaoServer({
    data: { mounts: [mountOf('secret', 2, secrets)] },
    tokens: { token: {} },
  })
  t.after(() => bao[Symbol.asyncDispose]())
  const env = { ...world.env, BAO_URL: bao.url, BAO_TOKEN: 'token' }
  const secret = async (...args: readonly string[]) => {
    const running = startProcess([process.execPath, MAIN, 'secret', ...args], { cwd: world.folder, env })
    running.process.stdin?.end()
    const ended = await running.ended
    assertNoSecret(ended.stderr, CANARIES, `secret ${args.join(' ')}`)
    return ended
  }
  return {
    bao,
    secret,
    copy: async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await secret('copy', ...args)
      assert.equal(stdout, '')
      return { code, stderr }
    },
    valueOf: async (name: string) => (await secret('get', name)).stdout,
  }
}

test('one value and all fields of an item come from another manager, and none is shown', async (t) => {
  const { copy, valueOf, secret } = await copyWorld(t)
  const one = await copy('bao://secret/db/password', 'local://moved/password')
  assert.deepEqual(one, { code: 0, stderr: 'stored local://moved/password\n' })
  assert.equal(await valueOf('moved/password'), PASS)
  const all = await copy('{{ bao://secret/db/* }}', 'local://item/')
  assert.deepEqual(all, { code: 0, stderr: 'stored local://item/username\nstored local://item/password\n' })
  assert.deepEqual([await valueOf('item/username'), await valueOf('item/password')], [USER, PASS])
  assert.equal((await copy('local://item/*', 'local://second/*')).code, 0)
  assert.equal(await valueOf('second/username'), USER)
  const { stdout } = await secret('list', '--names')
  assert.equal(stdout.split('\n').filter((name) => /^(moved|item|second)\//.test(name)).length, 5)
})

test('a secret that is there is kept, and so are all others of the copy, until --force', async (t) => {
  const { copy, valueOf, secret } = await copyWorld(t)
  await copy('local://db/password', 'local://item/password')
  const refused = await copy('bao://secret/db/*', 'local://item/')
  assert.equal(refused.code, 64)
  assert.equal(
    refused.stderr,
    'locket: local://item/password has a value already: nothing is stored (--force replaces them)\n',
  )
  assert.equal(await valueOf('item/password'), PASSWORD)
  assert.equal((await secret('get', 'item/username')).code, 66)
  const forced = await copy('bao://secret/db/*', 'local://item/', '--force')
  assert.deepEqual(forced, {
    code: 0,
    stderr: 'stored local://item/username\nreplaced local://item/password\n',
  })
  assert.equal(await valueOf('item/password'), PASS)
})

test('copies that cannot be made are refused by name, before anything is asked', async (t) => {
  const { bao, copy } = await copyWorld(t)
  for (const [args, says] of [
    [
      ['bao://secret/db/password', 'op://vault/item/field'],
      /op:\/\/ cannot be written: locket writes to the embedded store alone/,
    ],
    [
      ['bao://secret/db/password', 'local://db/'],
      /means one value, and the target is a folder .*local:\/\/FOLDER\/NAME/,
    ],
    [
      ['bao://secret/db/*', 'local://db/all'],
      /means several values, and the target is one name .*local:\/\/FOLDER\//,
    ],
    [['secret/db', 'local://db/all'], /not a reference of a known provider/],
    [['op://v/i/f', 'local://db/all'], /op:\/\/ may mean/],
    [['bao://secret/db/password'], /TARGET is missing/],
  ] as const) {
    const { code, stderr } = await copy(...args)
    assert.notEqual(code, 0)
    assert.match(stderr, says)
    assert.equal(stderr.trim().split('\n').length, 1, stderr)
  }
  assert.deepEqual(bao.requests, [])
})

test('a failure of the provider and a field without a usable name store nothing', async (t) => {
  const { copy, secret } = await copyWorld(t)
  const before = (await secret('list', '--names')).stdout
  const missing = await copy('bao://secret/none/password', 'local://x')
  assert.match(missing.stderr, /bao:\/\/secret\/none\/password: /)
  assert.match(
    (await copy('bao://secret/odd/*', 'local://odd/')).stderr,
    /has the field "a\/b", which is not a name/,
  )
  assert.match(
    (await copy('bao://secret/twice/*', 'local://t/')).stderr,
    /two fields of .* would be local:\/\/t\/ü/,
  )
  assert.equal((await secret('list', '--names')).stdout, before)
})
