import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { MAIN } from '../../support/program.ts'

const folder = mkdtempSync(join(tmpdir(), 'locket-exec-all-'))
const identity = join(folder, 'web1', 'identity.json')
const PRINT = ['sh', '-c', 'env | grep -E "^(DB|API|ITEM|OTHER)" | sort']
/** The store of the broker's `local` provider. */
const STORE = ['--local-file', join(folder, 'secrets.age'), '--local-key', join(folder, 'local.key')]
let broker: TestBroker

before(async () => {
  broker = await startBroker({ folder, args: STORE })
  broker.put({ DB: 'canary-db', API: 'canary-api' })
  for (const [name, reference] of [
    ['db-password', 'dotenv://DB'],
    ['api.key', 'dotenv://API'],
  ])
    await secret('shop', name ?? '', reference ?? '')
  await secret('bank', 'other', 'dotenv://API')
  const added = await broker.admin('POST', '/v1/machines', {
    name: 'web1',
    grants: [{ project: 'shop', name: '*' }],
  })
  const shown = added.json as unknown as { readonly url: string; readonly token: string }
  const enrolled = await locket('enrol', shown.url, shown.token, '--identity-dir', join(folder, 'web1'))
  assert.equal(enrolled.code, 0, enrolled.err)
})
after(async () => {
  await broker.stop()
  rmSync(folder, { recursive: true })
})

async function secret(project: string, name: string, reference: string): Promise<void> {
  const { status } = await broker.admin('POST', '/v1/secrets', { project, name, reference })
  assert.equal(status, 200)
}

function locket(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return locketWith('', ...words)
}

function locketWith(
  input: string,
  ...words: string[]
): Promise<{ code: number | null; out: string; err: string }> {
  const env = { PATH: process.env['PATH'] ?? '', LOCKET_IDENTITY: identity }
  const child = spawn(process.execPath, [MAIN, ...words], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(input)
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}

test('every granted secret is a variable, and --env replaces one', async () => {
  const all = await locket('exec', '--all', '--', ...PRINT)
  assert.deepEqual([all.code, all.out], [0, 'API_KEY=canary-api\nDB_PASSWORD=canary-db\n'], all.err)
  const replaced = await locket('exec', '--all', '--env', 'API_KEY=mine', '--', ...PRINT)
  assert.equal(replaced.out, 'API_KEY=mine\nDB_PASSWORD=canary-db\n', replaced.err)
})

test('a named provider lists its own, and one that cannot list is not asked', async () => {
  const file = join(folder, 'locket.toml')
  writeFileSync(file, `[providers.hq]\nkind = "locket"\nidentity = "${identity}"\n`)
  const named = await locket('exec', '--all', '--config', file, '--provider', 'hq', '--', ...PRINT)
  assert.equal(named.out, 'API_KEY=canary-api\nDB_PASSWORD=canary-db\n', named.err)
  const other = await locket('exec', '--all', '--provider', 'dotenv', '--', ...PRINT)
  assert.equal(other.out, 'API_KEY=canary-api\nDB_PASSWORD=canary-db\n', other.err)
})

test('two secrets of one variable are an error that names both, and nothing is started', async () => {
  await secret('shop', 'db.password', 'dotenv://API')
  const { code, out, err } = await locket('exec', '--all', '--', ...PRINT)
  assert.notEqual(code, 0)
  assert.equal(out, '')
  assert.match(
    err,
    /locket:\/\/shop\/db-password and locket:\/\/shop\/db\.password both give the variable DB_PASSWORD/,
  )
  await broker.admin('DELETE', '/v1/secrets/shop/db.password')
})

test('a secret with fields gives NAME_FIELD, and a clash with another secret names both', async () => {
  const set = await locketWith('canary-user', 'secret', 'set', 'item/user-name', '--stdin', ...STORE)
  assert.equal(set.code, 0, set.err)
  await secret('shop', 'item', 'local://item/*')
  const all = await locket('exec', '--all', '--', ...PRINT)
  assert.equal(all.out, 'API_KEY=canary-api\nDB_PASSWORD=canary-db\nITEM_USER_NAME=canary-user\n', all.err)
  await secret('shop', 'item-user-name', 'dotenv://API')
  const clash = await locket('exec', '--all', '--', ...PRINT)
  assert.notEqual(clash.code, 0)
  assert.match(clash.err, /both give the variable ITEM_USER_NAME/)
  for (const name of ['shop/item/*', 'shop/item-user-name']) assert.ok(clash.err.includes(name), clash.err)
  const own = await locket('exec', '--all', '--env', 'ITEM_USER_NAME=mine', '--', ...PRINT)
  assert.equal(own.out, 'API_KEY=canary-api\nDB_PASSWORD=canary-db\nITEM_USER_NAME=mine\n', own.err)
})
