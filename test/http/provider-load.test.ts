import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startConnectServer } from '../fixtures/servers/connect.ts'
import { manyItems } from '../fixtures/servers/connect-data.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const TOKEN = 'connect-canary-token-shared'

/** A daemon in front of a Connect server with so many items. */
async function served(t: TestContext, items: number, args: readonly string[] = []) {
  const folder = await temporaryFolder(t)
  const server = await startConnectServer({ data: manyItems(items), token: TOKEN })
  t.after(() => server[Symbol.asyncDispose]())
  await writeFile(join(folder, 'token'), TOKEN)
  const settings = ['--connect-host', server.url, '--connect-token', `file:${folder}/token`, '--allow-swap']
  const daemon = await startDaemon({ folder, args: [...settings, ...args] })
  t.after(() => daemon.stop())
  async function create(name: string, wanted: readonly number[]): Promise<void> {
    const secrets = wanted.map((item) => [`secret.s${item}`, `{{ op://bench/item ${item}/password }}`])
    const { Err } = await daemon.call('VolumeDriver.Create', {
      Name: name,
      Opts: Object.fromEntries(secrets),
    })
    assert.equal(Err, '')
  }
  async function mount(name: string, id = name): Promise<string> {
    const { Err, Mountpoint } = await daemon.call('VolumeDriver.Mount', { Name: name, ID: id })
    assert.equal(Err, '')
    return Mountpoint
  }
  const unmount = (name: string, id = name) => daemon.call('VolumeDriver.Unmount', { Name: name, ID: id })
  t.after(() => assertNoSecret(daemon.output(), [TOKEN, 'password-0', 'password-1']))
  return { server, daemon, create, mount, unmount }
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `volume${index}`)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

test('fifty mounts at once that share twenty secrets cost the requests of one', async (t) => {
  const { server, daemon, create, mount, unmount } = await served(t, 20)
  server.knobs.delayMs = 20
  await create('alone', upTo(20))
  await mount('alone')
  const ofOne = server.requests.length
  assert.equal(ofOne, 1 + 20 + 20)
  await unmount('alone')
  // Names are known from here on: an item is read with one request.
  await new Promise((turn) => setTimeout(turn, 5100))
  await Promise.all(names(50).map((name) => create(name, upTo(20))))
  const places = await Promise.all(names(50).map((name) => mount(name)))
  assert.equal(server.requests.length - ofOne, 20)
  for (const place of places) assert.equal(await readFile(join(place, 's7'), 'utf8'), 'password-7')
  const { Volume } = await daemon.call('VolumeDriver.Get', { Name: 'volume3' })
  assert.deepEqual(Volume.Status['requests'], [`op-connect: ${ofOne + 20} in the last hour`])
  await Promise.all(names(50).map((name) => unmount(name)))
})

test('a container that restarts again and again costs no request within the linger', async (t) => {
  const { server, create, mount, unmount } = await served(t, 1, ['--linger', '1s'])
  await create('loop', [0])
  for (let start = 0; start < 10; start += 1) {
    await mount('loop', `start${start}`)
    await unmount('loop', `start${start}`)
  }
  assert.equal(server.requests.length, 3)
  const field = server.data.vaults[0]?.items[0]?.fields?.find(({ id }) => id === 'password') ?? assert.fail()
  Object.assign(field, { value: 'rotated' })
  await new Promise((turn) => setTimeout(turn, 1100))
  assert.equal(await readFile(join(await mount('loop'), 's0'), 'utf8'), 'rotated')
  await unmount('loop')
})

test('a hundred volumes of ten secrets at once never exceed the configured rate, and all finish', async (t) => {
  const { server, create, mount, unmount } = await served(t, 100, ['--connect-max-rate', '100/s'])
  const wanted = names(100).map((name, index) => ({
    name,
    items: upTo(10).map((item) => (index + item * 7) % 100),
  }))
  await Promise.all(wanted.map(({ name, items }) => create(name, items)))
  const places = await Promise.all(wanted.map(({ name }) => mount(name)))
  assert.equal(places.length, 100)
  for (const [index, place] of places.entries())
    assert.equal(await readFile(join(place, `s${index}`), 'utf8'), `password-${index}`)
  const { times } = server
  for (const [index, start] of times.entries()) {
    const after = times[index + 100]
    assert.ok(
      after === undefined || after - start >= 1000,
      `100 requests after ${index} took ${(after ?? 0) - start} ms`,
    )
  }
  // A list of vaults, and of each item a look-up and a read, shared by the ten volumes that want it.
  assert.ok(server.requests.length <= 1 + 100 + 100, `${server.requests.length} requests`)
  await Promise.all(wanted.map(({ name }) => unmount(name)))
})
