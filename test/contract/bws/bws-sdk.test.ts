import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import type { Worker } from '../../../src/core/ports/process.ts'
import { startWorker } from '../../../src/wire.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { textsOf } from '../provider/provider-attempt.ts'
import { connected, startBackend } from './bws-server.ts'

const ROOT = resolve(import.meta.dirname, '../../..')

/** A copy of the program whose node_modules has no SDK, or one that does not load. */
async function treeWithout(t: TestContext, sdk: 'absent' | 'broken'): Promise<string> {
  const tree = await temporaryFolder(t)
  for (const part of ['src', 'test/fakes', 'test/fixtures/programs'])
    await cp(join(ROOT, part), join(tree, part), { recursive: true })
  await writeFile(join(tree, 'package.json'), '{"type":"module"}')
  await mkdir(join(tree, 'node_modules'))
  for (const name of await readdir(join(ROOT, 'node_modules')))
    if (name !== '@bitwarden' && !name.startsWith('.'))
      await symlink(join(ROOT, 'node_modules', name), join(tree, 'node_modules', name))
  if (sdk === 'broken') {
    const folder = join(tree, 'node_modules/@bitwarden/sdk-napi')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'package.json'), '{"main":"index.js"}')
    await writeFile(join(folder, 'index.js'), 'throw new Error("no build for this machine")')
  }
  return tree
}

interface Seen {
  readonly taken?: string
  readonly code: string
  readonly message?: string
  readonly hint?: string
}

async function readIn(tree: string, settings: object, id: string): Promise<Seen> {
  const program = join(tree, 'test/fixtures/programs/read-bws.ts')
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, [program, JSON.stringify(settings), id], { timeout: 20_000 })
  return JSON.parse(stdout) as Seen
}

for (const sdk of ['absent', 'broken'] as const) {
  test(`where the SDK is ${sdk}, auto is our own client, and sdk an error that says what to do`, async (t) => {
    const { server, backend } = await startBackend(t, 'builtin')
    const id = server.put({ key: 'k', value: 'v' })
    const tree = await treeWithout(t, sdk)
    const { client: _client, ...settings } = backend.settings
    assert.deepEqual(await readIn(tree, settings, id), { taken: 'builtin', code: 'ok' })
    const before = server.requests.length
    const { code, message, hint } = await readIn(tree, { ...settings, client: 'sdk' }, id)
    assert.equal(code, 'config')
    assert.equal(message, "bws: bws-client is sdk, and Bitwarden's SDK is not installed for this machine")
    assert.match(hint ?? '', /npm install @bitwarden\/sdk-napi.* bws-client to builtin, which needs nothing/)
    assert.equal(server.requests.length, before)
  })
}

test('auto takes the SDK where it is installed and runs', async (t) => {
  const opened = await connected(t, 'builtin', { secrets: 1, settings: { client: 'auto' } })
  assert.deepEqual(await opened.read(...opened.ids), ['value-0'])
  const taken = opened.log.lines
    .filter(({ event }) => event === 'bws.client')
    .map(({ facts }) => facts['client'])
  assert.deepEqual(taken, ['sdk'])
})

test('auto with authorities of its own takes our own client', async (t) => {
  const caCert = join(await temporaryFolder(t), 'ca.pem')
  await writeFile(caCert, '-----BEGIN CERTIFICATE-----\n')
  const opened = await connected(t, 'builtin', { secrets: 1, settings: { client: 'auto', caCert } })
  await opened.client.fetch(opened.refsOf(opened.ids), AbortSignal.timeout(10_000))
  const taken = opened.log.lines
    .filter(({ event }) => event === 'bws.client')
    .map(({ facts }) => facts['client'])
  assert.deepEqual(taken, ['builtin'])
})

test('an SDK that dies fails its current requests, and logs in again once', async (t) => {
  const workers: Worker[] = []
  const opened = await connected(t, 'sdk', {
    secrets: 20,
    startWorker: (library, options) => {
      const worker = startWorker(library, options)
      workers.push(worker)
      return worker
    },
  })
  const { server, ids, refsOf } = opened
  const logins = () => server.requests.filter((request) => request.endsWith('/connect/token')).length
  assert.equal((await opened.read(...ids)).length, 20)
  workers[0]?.kill()
  await workers[0]?.ended
  const many = await Promise.all(ids.map((id) => textsOf(opened, refsOf([id]))))
  assert.deepEqual(
    many.flat(),
    ids.map((_, index) => `value-${index}`),
  )
  assert.equal(logins(), 2)
  assert.equal(server.requests.length, 4)
  assert.equal(opened.client.status()?.requestsLastHour, 4)
  // In the middle of a request: it is asked again, like anything that broke off.
  server.knobs.delayMs = 200
  const pending = opened.read(...ids)
  await new Promise((turn) => setTimeout(turn, 100))
  workers[1]?.kill()
  assert.equal((await pending).length, 20)
  assert.equal(logins(), 3)
})

test('the client secret is on no command line of the SDK’s process, and its output goes nowhere', async (t) => {
  const opened = await connected(t, 'sdk', { secrets: 1 })
  await opened.read(...opened.ids)
  const lines = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^[0-9]+$/.test(name))
      .map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
  )
  assert.ok(lines.some((line) => line.includes('sdk-worker')))
  for (const line of lines)
    if (line.includes('sdk-worker'))
      for (const canary of opened.backend.canaries) assert.ok(!line.includes(canary))
})
