import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { AUDIENCE, startIssuer } from '../../fixtures/servers/issuer.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { startBroker } from '../../support/broker.ts'
import { MAIN } from '../../support/program.ts'
import { runLocket, type LocketRun } from '../../support/run-locket.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const READ = ['exec', '-e', 'DB={{ locket://shop/db }}', '--', process.execPath, '-p']

/** A broker with an issuer and one secret, and the identity of a workload that may read it. */
async function withWorkload(t: TestContext, policy?: string) {
  const [folder, issuer] = [await temporaryFolder(t), await startIssuer(t)]
  const config = join(folder, 'locket.toml')
  const table = [`url = "${issuer.url}"`, `audience = "${AUDIENCE}"`, `ca-cert = "${issuer.caCert}"`]
  writeFileSync(config, ['[issuers.ci]', ...table, ''].join('\n'))
  writeFileSync(join(folder, 'policy.toml'), policy ?? '')
  const rules = policy === undefined ? [] : ['--policy-file', join(folder, 'policy.toml')]
  const broker = await startBroker({ folder, args: ['--config', config, ...rules] })
  t.after(() => broker.stop('SIGKILL'))
  broker.put({ DB: 'canary-workload' })
  const host = { LOCKET_BROKER_DIR: join(folder, 'broker') }
  await broker.admin('POST', '/v1/secrets', { project: 'shop', name: 'db', reference: 'dotenv://DB' })
  const workload = { issuer: 'ci', claims: { repository: 'acme/shop', ref: 'refs/heads/*' } }
  const order = { name: 'deploy', grants: [{ project: 'shop', name: '*' }], workload }
  const { status, bytes } = await broker.admin('POST', '/v1/workloads', order)
  assert.equal(status, 200, bytes.toString())
  const identity = join(folder, 'workload.json')
  writeFileSync(identity, JSON.parse(bytes.toString()).identity)
  const denials = async (): Promise<string> =>
    (await broker.admin('GET', '/v1/audit?outcome=denied')).bytes.toString()
  return { folder, issuer, broker, host, identity, denials }
}

const MAIN_BRANCH = { ref: 'refs/heads/main' }

test('a workload reads by a token in a variable or a file, and its child does not see the token', async (t) => {
  const { issuer, host, identity, folder, broker } = await withWorkload(t)
  const token = await issuer.sign({ claims: MAIN_BRANCH })
  const env = { LOCKET_IDENTITY: identity, LOCKET_BROKER_TOKEN: token }
  const shown = 'JSON.stringify([process.env.DB, process.env.LOCKET_BROKER_TOKEN ?? null])'
  const ran = await runLocket(env, ...READ, shown)
  assert.deepEqual([ran.code, ran.out], [0, '["canary-workload",null]\n'], ran.err)
  const file = join(folder, 'token')
  writeFileSync(file, `${token}\n`)
  const by = { LOCKET_IDENTITY: identity, LOCKET_BROKER_TOKEN_FILE: file }
  const all = await runLocket(by, 'exec', '--all', '--', process.execPath, '-p', 'process.env.DB')
  assert.deepEqual([all.code, all.out], [0, 'canary-workload\n'], all.err)
  const listed = await runLocket(host, 'machine', 'show', 'deploy')
  for (const line of [/token of +ci/, /claim +repository=acme\/shop/, /claim +ref=refs\/heads\/\*/])
    assert.match(listed.out, line)
  const audit = await runLocket(host, 'audit', 'show', '--broker')
  assert.match(audit.out, /workload\.login.*ci repo:acme\/shop:ref:refs\/heads\/main/)
  assertNoSecret(broker.output(), ['canary-workload', token, token.split('.')[2] ?? ''], 'the log')
  assertNoSecret(audit.out, ['canary-workload', token], 'the audit')
})

test('each refusal of a workload is named to it, and is in the audit with its reason', async (t) => {
  const { issuer, broker, identity, denials } = await withWorkload(t)
  const read = async (token?: string): Promise<LocketRun> =>
    runLocket(
      { LOCKET_IDENTITY: identity, ...(token === undefined ? {} : { LOCKET_BROKER_TOKEN: token }) },
      ...READ,
      '1',
    )
  const rows: readonly (readonly [Parameters<typeof issuer.sign>[0], RegExp, RegExp])[] = [
    [{ claims: { ref: 'refs/tags/v1' } }, /not one of this machine/, /its claim ref does not fit/],
    [{ claims: { ...MAIN_BRANCH, repository: 'evil/shop' } }, /not one of this machine/, /claim repository/],
    [{ audience: 'https://other.example' }, /another audience/, /another audience/],
    [{ issuer: 'https://evil.example' }, /its issuer is not/, /its issuer is not/],
    [{ expires: -120 }, /has expired/, /has expired/],
  ]
  for (const [parts, says, recorded] of rows) {
    const { code, err } = await read(await issuer.sign(parts))
    assert.equal(code, 77, err)
    assert.match(err, says)
    assert.match(err, /locket at https/)
    assert.match(await denials(), recorded)
  }
  const none = await read()
  assert.equal(none.code, 69)
  assert.match(none.err, /identity in .* is one of a workload.*LOCKET_BROKER_TOKEN/s)
  const good = await issuer.sign({ claims: MAIN_BRANCH })
  await broker.admin('POST', '/v1/machines/deploy/disable')
  assert.match((await read(good)).err, /does not know this workload, or does not answer it/)
  await broker.admin('POST', '/v1/machines/deploy/enable')
  assert.equal((await read(good)).code, 0, 'it is enabled again without a key')
})

test('claims of the token decide in the policy', async (t) => {
  const rule = `[[policy]]
name = "main only"
when = 'claims.environment == "production"'
effect = "allow"
`
  const { issuer, identity } = await withWorkload(t, rule)
  const read = async (environment: string): Promise<LocketRun> => {
    const token = await issuer.sign({ claims: { ...MAIN_BRANCH, environment } })
    return runLocket({ LOCKET_IDENTITY: identity, LOCKET_BROKER_TOKEN: token }, ...READ, 'process.env.DB')
  }
  assert.equal((await read('production')).out, 'canary-workload\n')
  assert.match((await read('staging')).err, /does not let this machine read/)
})

test('a workload is added by hand, and a rule that fits every token is refused by name', async (t) => {
  const { host, issuer, identity } = await withWorkload(t)
  const good = ['--issuer', 'ci', '--claim', 'repository=acme/shop', '--project', 'shop']
  const added = await runLocket(host, 'machine', 'add', 'other', ...good)
  assert.equal('privateKeyPath' in JSON.parse(added.out), false, added.err)
  writeFileSync(identity, added.out)
  const env = { LOCKET_IDENTITY: identity, LOCKET_BROKER_TOKEN: await issuer.sign() }
  assert.equal((await runLocket(env, ...READ, 'process.env.DB')).out, 'canary-workload\n')
  const add = (...words: string[]): Promise<LocketRun> => runLocket(host, 'machine', 'add', 'x', ...words)
  const rows: readonly (readonly [string[], RegExp])[] = [
    [['--issuer', 'ci'], /at least one claim/],
    [['--issuer', 'ci', '--claim', 'repository=*'], /more than \*/],
    [['--issuer', 'ci', '--claim', 'aud=x'], /claim aud is checked/],
    [['--issuer', 'other', '--claim', 'a=b'], /no issuer other.*it has ci/s],
    [['--claim', 'a=b'], /--claim needs --issuer/],
    [['--issuer', 'ci', '--claim', 'a'], /NAME=PATTERN/],
    [['--issuer', 'ci', '--claim', 'a=b', '--claim', 'a=c'], /given twice/],
    [['--issuer', 'ci', '--claim', 'a=b', '--approve'], /machine without a key/],
  ]
  for (const [words, says] of rows) {
    const { code, err } = await add(...words)
    assert.equal(code, 64, err)
    assert.match(err, says)
  }
})

test('a session outlives a killed broker, and ends when its machine is removed', async (t) => {
  const { issuer, identity, broker, folder } = await withWorkload(t)
  const file = join(folder, 'token')
  writeFileSync(file, await issuer.sign({ claims: MAIN_BRANCH }))
  const child = spawn(
    process.execPath,
    [
      MAIN,
      'exec',
      '--watch',
      '--on-change',
      'restart',
      '-e',
      'DB={{ locket://shop/db }}',
      '--',
      'sh',
      '-c',
      'echo "is $DB"; exec sleep 300',
    ],
    {
      env: { PATH: process.env['PATH'] ?? '', LOCKET_IDENTITY: identity, LOCKET_BROKER_TOKEN_FILE: file },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await until('the value is read', () => output.includes('is canary-workload'))
  await broker.stop('SIGKILL')
  const config = ['--config', join(folder, 'locket.toml')]
  const again = await startBroker({ folder, port: broker.port, args: config })
  t.after(() => again.stop('SIGKILL'))
  again.put({ DB: 'canary-after' })
  await until('the value of the broker that began again is read', () => output.includes('is canary-after'))
  const { bytes } = await again.admin('GET', '/v1/audit?limit=1000')
  assert.equal(bytes.toString().match(/"action":"workload.login"/g)?.length, 1, 'the session is the same')
  // A broker that is away does not answer either.
  output = ''
  await again.admin('DELETE', '/v1/machines/deploy')
  await until('the refusal is told', () => /does not (answer|know|accept)/.test(output))
  child.kill('SIGTERM')
})
