import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createClients } from '../../src/app/access/clients.ts'
import { contentFacts, prepareVolume } from '../../src/app/recipe/volume-files.ts'
import { render as renderRecipe } from '../../src/app/render/render.ts'
import { loadVolume } from '../config/load-volume.ts'
import { formatError, toLocketError } from '../../src/core/vocabulary/errors.ts'
import { parseVolumeName } from '../../src/core/vocabulary/names.ts'
import type { Secret } from '../../src/core/vocabulary/secret.ts'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { openSourceFiles } from '../../src/host/sources/source-files.ts'
import { startWorker } from '../../src/wire.ts'
import { createRecordingLog } from '../fakes/recording-log.ts'
import { idOf } from '../fixtures/servers/connect-data.ts'
import { startConnectServer } from '../fixtures/servers/connect.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A server where `op://v/i/f` is `value`, for whoever has `token`. */
async function connect(t: TestContext, token: string, value: string) {
  const item = { id: idOf(2), title: 'i', fields: [{ id: 'f', label: 'f', value }] }
  const data = { vaults: [{ id: idOf(1), name: 'v', items: [item] }] }
  const server = await startConnectServer({ data, token })
  t.after(() => server[Symbol.asyncDispose]())
  return server
}

/**
 * A daemon that has one server without a name and one that is called second, each with a token of its own.
 */
async function daemonOfTwo(t: TestContext, secondToken = 'second-token') {
  const folder = await temporaryFolder(t)
  const [own, second] = [
    await connect(t, 'own-token', 'from-own'),
    await connect(t, 'second-token', 'from-second'),
  ]
  const config = join(folder, 'locket.toml')
  await writeFile(join(folder, 'own'), 'own-token\n')
  await writeFile(join(folder, 'second'), `${secondToken}\n`)
  await writeFile(
    config,
    `[volume]
connect-host = "${own.url}"
connect-token = "file:${folder}/own"
[providers.second]
kind = "op-connect"
connect-host = "${second.url}"
connect-token = "file:${folder}/second"
`,
  )
  const clock = systemClock()
  const sources = openSourceFiles()
  const clients = createClients(
    { clock, emit: createRecordingLog().emit, files: sources, startWorker, env: {}, hiddenNames: new Set() },
    0,
  )
  t.after(() => clients.close())
  const { daemon } = loadVolume(['--config', config], {})
  const name = parseVolumeName('x')

  async function render(options: Readonly<Record<string, string>>) {
    const volume = daemon.volumeConfig(options)
    const resolve = clients.resolveFor({ kind: 'volume', name }, volume.providers)
    const recipe = await prepareVolume(volume, sources)
    const signal = AbortSignal.timeout(5000)
    const { contents } = await renderRecipe(recipe, { ...volume.written, resolve, clock, signal })
    return { texts: [...contents.values()].map(textOf), facts: contentFacts(recipe, volume) }
  }
  return { render, second, status: () => clients.statusOf({ kind: 'volume', name }) }
}

test('one template with two instances of one kind: each server gets its own token only', async (t) => {
  const { render, second, status } = await daemonOfTwo(t)
  const rendered = await render({
    'secret.a': '{{ op://v/i/f }} {{ second+op://v/i/f }}',
    'secret.b': 'second+op://v/i/f',
  })
  assert.deepEqual(rendered.texts, ['from-own from-second', 'from-second'])
  assert.deepEqual(rendered.facts.providers, ['op-connect', 'second'])
  assert.deepEqual([...status().keys()].toSorted(), ['op-connect', 'second'])
  assert.equal(status().get('second')?.requestsLastHour, second.requests.length)
})

test('provider sends op:// to the named one', async (t) => {
  const { render } = await daemonOfTwo(t)
  const rendered = await render({ 'secret.a': 'op://v/i/f', provider: 'second' })
  assert.deepEqual(rendered.facts.providers, ['second'])
  assert.deepEqual(rendered.texts, ['from-second'])
})

test('a failure names the reference as it was written, and the instance once', async (t) => {
  const { render, second } = await daemonOfTwo(t, 'wrong-token')
  const failure = await render({ 'secret.a': '{{ second+op://v/i/f }}' }).catch((thrown: unknown) =>
    formatError(toLocketError(thrown)),
  )
  assert.equal(
    typeof failure === 'string' ? failure.replace(/ \(.*/, '') : failure,
    `second+op://v/i/f: second at ${second.url} does not accept the credential`,
  )
})

function textOf(content: Secret): string {
  return Buffer.from(content.reveal()).toString()
}
