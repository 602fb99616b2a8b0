import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { unzipSync } from 'fflate'
import type { MachineIdentity } from '../../../src/core/broker/identity-file.ts'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { MAIN } from '../../support/program.ts'

const folder = mkdtempSync(join(tmpdir(), 'locket-cli-broker-'))
let broker: TestBroker

before(async () => {
  broker = await startBroker({
    folder,
    env: { LOCKET_IDENTITY: join(folder, 'itself', 'identity.json') },
  })
  broker.put({ DB: 'canary-db', API: 'canary-api' })
})
after(async () => {
  await broker.stop()
  rmSync(folder, { recursive: true })
})

interface Said {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs a command of locket on the broker's host. */
function locket(...words: string[]): Promise<Said> {
  return locketWith({ LOCKET_BROKER_DIR: join(folder, 'broker') }, ...words)
}

function locketWith(own: NodeJS.ProcessEnv, ...words: string[]): Promise<Said> {
  const env = { PATH: process.env['PATH'] ?? '', ...own }
  const child = spawn(process.execPath, [MAIN, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}

function identityIn(identityFolder: string): MachineIdentity {
  return JSON.parse(readFileSync(join(identityFolder, 'identity.json'), 'utf8')) as MachineIdentity
}

test('secret-ref gives a reference a name, and refuses what no provider reads', async () => {
  const added = await locket('secret-ref', 'add', 'db', 'dotenv://DB', '--project', 'shop')
  assert.deepEqual([added.code, added.err], [0, 'locket://shop/db is dotenv://DB\n'])
  await locket('secret-ref', 'add', 'shop/api', 'dotenv://API')
  assert.match(
    (await locket('secret-ref', 'list')).out,
    /^SECRET +REFERENCE\nshop\/api +dotenv:\/\/API\nshop\/db /,
  )
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['db', 'dotenv://DB', '--project', 'shop'], /there is a secret shop\/db already/],
    [['x', 'no-reference', '--project', 'shop'], /no-reference is not a reference of any provider/],
    [['x', 'bao://secret/a/b', '--project', 'shop'], /bao/],
    [['x', 'dotenv://DB'], /write PROJECT\/NAME, or NAME with --project/],
    [['a b', 'dotenv://DB', '--project', 'shop'], /"a b" is not allowed as the name of a secret/],
  ]
  for (const [words, says] of rows) {
    const { code, err } = await locket('secret-ref', 'add', ...words)
    assert.notEqual(code, 0)
    assert.match(err, says)
  }
})

test('a machine is added, enrols with the printed line once, and reads what it was granted', async () => {
  const { out, err } = await locket('machine', 'add', 'web1', '--project', 'shop', '--secret', 'db')
  assert.match(err, /run this on web1 before .* UTC; it works once/)
  const line = out.trim().split(' ')
  assert.deepEqual(line.slice(0, 3), ['locket', 'enrol', `https://127.0.0.1:${broker.port}`])
  const own = join(folder, 'web1')
  const enrolled = await locket(...line.slice(1), '--identity-dir', own)
  assert.equal(enrolled.code, 0, enrolled.err)
  assert.match(enrolled.err, /this machine is web1; its identity is in .*web1\nfingerprint: SHA256:/)
  for (const file of ['identity.json', 'private.pem'])
    assert.equal(statSync(join(own, file)).mode & 0o777, 0o600)
  const key = createPrivateKey(readFileSync(join(own, 'private.pem')))
  const machine = { id: identityIn(own).machineId, key }
  const { answers } = (await broker.resolve(machine, 'shop/db', 'shop/api')).json
  assert.equal(answers['shop/db']?.['value'], Buffer.from('canary-db').toString('base64'))
  assert.deepEqual(answers['shop/api'], { error: 'denied' })
  const again = await locket(...line.slice(1), '--identity-dir', join(folder, 'thief'))
  assert.match(again.err, /the token is unknown, used or expired/)
  const same = await locket(...line.slice(1), '--identity-dir', own)
  assert.match(same.err, /this machine has an identity already/)
})

test('a server with another key than the token names does not get the token', async () => {
  const { out } = await locket('machine', 'add', 'careful', '--project', 'shop')
  const [, , url = '', token = ''] = out.trim().split(' ')
  const [secret, print = ''] = token.split('.')
  const forged = `${secret}.${print.startsWith('A') ? 'B' : 'A'}${print.slice(1)}`
  const { code, err } = await locket('enrol', url, forged, '--identity-dir', join(folder, 'careful'))
  assert.equal(code, 77)
  assert.match(err, /is not the broker that has made this token/)
  const good = await locket('enrol', url, token, '--identity-dir', join(folder, 'careful'))
  assert.equal(good.code, 0, 'the token was not used up')
})

test('a machine with --approve waits until a person has compared fingerprints', async () => {
  const { out } = await locket('machine', 'add', 'slow', '--project', 'shop', '--approve')
  const own = join(folder, 'slow')
  const { err } = await locket(...out.trim().split(' ').slice(1), '--identity-dir', own)
  const fingerprint = /fingerprint: (\S+)/.exec(err)?.[1] ?? ''
  assert.match(err, /it waits for approval/)
  const machine = {
    id: identityIn(own).machineId,
    key: createPrivateKey(readFileSync(join(own, 'private.pem'))),
  }
  assert.equal((await broker.resolve(machine, 'shop/db')).status, 401)
  const shown = (await locket('machine', 'show', 'slow')).out
  assert.ok(shown.includes(fingerprint) && /state +pending/.test(shown), shown)
  await locket('machine', 'enable', 'slow')
  assert.equal((await broker.resolve(machine, 'shop/db')).status, 200)
})

test('a bundle is a private ZIP archive with both layouts, and its identity works', async () => {
  const file = join(folder, 'web2.zip')
  const { code, err, out } = await locket('machine', 'add', 'web2', '--project', 'shop', '--bundle', file)
  assert.equal(code, 0, err)
  assert.equal(out, '')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const files = unzipSync(readFileSync(file))
  const identity = JSON.parse(Buffer.from(files['identity.json'] ?? []).toString()) as MachineIdentity
  const { vaultId = '' } = identity
  assert.match(vaultId, /^vault_[0-9a-f]{24}$/)
  const ofVault = ['identity.json', 'private.pem'].map((name) => `vaults/${vaultId}/${name}`)
  assert.deepEqual(Object.keys(files), ['identity.json', 'private.pem', 'cli.json', ...ofVault])
  for (const path of ofVault) assert.deepEqual(files[path], files[path.replace(/.*\//, '')])
  const machine = { id: identity.machineId, key: createPrivateKey(Buffer.from(files['private.pem'] ?? [])) }
  assert.ok('value' in ((await broker.resolve(machine, 'shop/api')).json.answers['shop/api'] ?? {}))
})

test('grants and machines are listed, shown, taken away and removed', async () => {
  await locket('machine', 'add', 'web3', '--cidr', '10.0.0.0/8', '--expires', '720h')
  assert.equal((await locket('grant', 'add', 'web3', 'shop/db', 'shop/api')).code, 0)
  assert.equal((await locket('grant', 'list', 'web3')).out, 'shop/api\nshop/db\n')
  assert.equal((await locket('grant', 'rm', 'web3', 'shop/db')).code, 0)
  assert.match((await locket('grant', 'rm', 'web3', 'shop/db')).err, /web3 has no grant of shop\/db/)
  const { out } = await locket('machine', 'show', 'web3')
  assert.match(out, /state +invited[\s\S]*networks +10\.0\.0\.0\/8[\s\S]*may read +shop\/api\n$/)
  assert.match((await locket('machine', 'list')).out, /^NAME +STATE +LAST SEEN +EXPIRES\n/)
  assert.equal((await locket('machine', 'rm', 'web3')).code, 0)
  assert.match((await locket('machine', 'rm', 'web3')).err, /there is no machine "web3"/)
  assert.match((await locket('grant', 'add', 'web3', 'shop/none')).err, /there is no machine "web3"/)
  assert.match((await locket('grant', 'add', 'web1', 'shop/none')).err, /there is no secret shop\/none/)
})

test('wrong words are named: an action, a network, a moment, a name that is taken', async () => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['machine', 'ad'], /machine takes one of add, list.*did you mean add\?/],
    [['machine', 'add', 'n', '--cidr', '10.0.0.0/40'], /"10\.0\.0\.0\/40" is not a network/],
    [['machine', 'add', 'n', '--expires', 'soon'], /must be a duration like 720h/],
    [['machine', 'add', 'n', '--expires', '2001-01-01T00:00:00Z'], /would have expired already/],
    [['machine', 'add', 'web1'], /there is a machine web1 already/],
    [['machine', 'add', '../x'], /is not allowed as the name of a machine/],
    [['machine', 'add', 'n', '--secret', 'shop/none'], /there is no secret shop\/none/],
    [['machine', 'enable', 'nobody'], /there is no machine "nobody"/],
  ]
  for (const [words, says] of rows) {
    const { code, err } = await locket(...words)
    assert.ok(code !== 0 && code !== 70, err)
    assert.match(err, says)
  }
})

test('the commands find the broker by [serve] of a configuration file', async () => {
  const file = join(folder, 'locket.toml')
  const state = join(folder, 'broker')
  writeFileSync(file, `[serve]\nbroker-dir = "${state}"\nno-such-setting = 1\n`)
  const env = { LOCKET_BROKER_DIR: undefined }
  const found = await locketWith(env, 'machine', 'list', '--config', file)
  assert.equal(found.code, 0, found.err)
  assert.match(found.out, /^NAME /)
  assert.equal((await locketWith({ ...env, LOCKET_CONFIG: file }, 'secret-ref', 'list')).code, 0)
  writeFileSync(file, `[serve]\nbroker-dir = "${state}"\nadmin-listen = "10.0.0.1:1"\n`)
  const wrong = await locketWith(env, 'grant', 'list', 'web1', '--config', file)
  assert.match(wrong.err, /locket\.toml line 3 admin-listen: must be unix:\/path, or a port of 127/)
  writeFileSync(file, '[serv]\n')
  assert.match((await locketWith(env, 'machine', 'list', '--config', file)).err, /did you mean \[serve\]\?/)
})

test('a reference to the broker itself is refused with one line', async () => {
  const { out } = await locket('machine', 'add', 'itself', '--project', 'shop')
  await locket(...out.trim().split(' ').slice(1), '--identity-dir', join(folder, 'itself'))
  const added = await locket('secret-ref', 'add', 'loop', 'locket://shop/db', '--project', 'shop')
  assert.equal(added.code, 78, added.err)
  assert.match(added.err, /^locket: [^\n]*locket:\/\/shop\/db leads back to this broker[^\n]*\n$/)
})

test('without a broker on this host the commands say so', async () => {
  const elsewhere = await locket('machine', 'list', '--broker-dir', join(folder, 'nothing'))
  assert.match(elsewhere.err, /cannot read .*admin-token: .*run this on the host of the broker/)
})
