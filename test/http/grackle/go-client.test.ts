import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import {
  addSecrets,
  createClient,
  privateText,
  publicText,
  registryRow,
  startGrackle,
} from '../../support/grackle.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const run = promisify(execFile)
const SOURCE = new URL('../../fixtures/programs/read-grackle.go', import.meta.url).pathname
const hasGo = await run('go', ['version']).then(
  () => true,
  () => false,
)
const options = hasGo ? {} : { skip: 'there is no Go' }

/** Compiles the client and returns its path. */
async function build(t: TestContext): Promise<string> {
  const program = join(await temporaryFolder(t), 'read-grackle')
  await run('go', ['build', '-o', program, SOURCE])
  return program
}

test('a client in Go reads values of every kind', options, async (t) => {
  const program = await build(t)
  const client = createClient(1024)
  const broker = await startGrackle(t, client)
  const values = {
    PLAIN: 'canary-of-the-go-client',
    UTF8: 'päss wörd ✓',
    EMPTY: '',
    LINES: 'one\ntwo\n',
    LONGEST: 'x'.repeat(190),
    LONGER: 'x'.repeat(191),
    LARGEST: 'x'.repeat(446),
  }
  await addSecrets(broker, values)
  const key = join(broker.folder, 'signing.pem')
  writeFileSync(key, privateText(client.signing), { mode: 0o600 })
  const env = { ...process.env, SSL_CERT_FILE: join(broker.folder, 'broker', 'authority.pem') }
  const ask = async (...args: readonly string[]) => {
    const { stdout } = await run(program, [...args], { env })
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }
  const url = `https://127.0.0.1:${broker.port}/locket`
  const names = Object.keys(values)
  const read = await ask(url, key, ...names, 'NOTHING')
  assert.deepEqual(Object.fromEntries(read.map(({ name, status }) => [name, status])), {
    ...Object.fromEntries(names.map((name) => [name, 200])),
    LONGER: 500,
    LARGEST: 500,
    NOTHING: 404,
  })
  for (const { name, status, value } of read)
    if (status === 200) assert.equal(value, values[name as keyof typeof values])
  const [largest] = await ask('-bits', '4096', url, key, 'LARGEST')
  assert.equal(largest?.['value'], values.LARGEST)
  await broker.stop()
  const state = join(broker.folder, 'broker')
  assert.ok(readdirSync(state).includes('broker.db'))
  for (const name of readdirSync(state))
    assertNoSecret(await readFile(join(state, name)), [values.PLAIN], name)
  assertNoSecret(Buffer.from(broker.output()), [values.PLAIN], 'the log')
})

test('a server in Go uses the broker as its registry', options, async (t) => {
  const program = await build(t)
  const [first, second] = [createClient(1024), createClient(1024)]
  const broker = await startGrackle(t, first, {
    registry: registryRow('api', first),
    args: ['--grackle-registry-api', 'true'],
  })
  const token = (await readFile(join(broker.folder, 'broker', 'grackle-token'), 'utf8')).trim()
  const env = { ...process.env, SSL_CERT_FILE: join(broker.folder, 'broker', 'authority.pem') }
  const url = `https://127.0.0.1:${broker.port}/locket`
  const ask = async (...args: readonly string[]) => {
    const { stdout } = await run(program, ['-token', token, url, ...args], { env })
    return JSON.parse(stdout) as { status: number; rows: readonly unknown[] }
  }
  const key = publicText(second.signing)
  assert.equal((await ask('add', 'worker', key)).status, 200)
  assert.deepEqual((await ask('list')).rows, [
    { name: 'api', keypub: publicText(first.signing) },
    { name: 'worker', keypub: key },
  ])
  assert.equal((await ask('remove', 'worker')).status, 200)
  assert.equal((await ask('list')).rows.length, 1)
})
