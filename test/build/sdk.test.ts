import assert from 'node:assert/strict'
import {
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { DIST } from '../../scripts/engine/plugin.ts'
import { makeToken } from '../fixtures/op-token.ts'
import { json, startService } from '../fixtures/servers/http-fixture.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { startDaemon } from '../support/daemon.ts'
import type { Daemon } from '../support/daemon.ts'
import { setSecret } from '../support/local-secrets.ts'
import { gone } from '../support/processes.ts'
import { temporaryFolder, tinyDisk } from '../support/temporary-folder.ts'

// The folder that `make build` writes, or LOCKET_E2E_DIST. 1Password's SDK is beside the bundle, and is
// loaded only when it is used.

const ID = 'a'.repeat(64)
const LONG_AGO = new Date(0)

interface Built {
  readonly daemon: Daemon
  /** `lib/node_modules` of the copy that runs. */
  readonly modules: string
  /** Files of the SDK that have been read since the copy was made, by any process. */
  readonly read: () => string[]
  /** The answer to a Mount of a new volume with this template. */
  readonly mount: (name: string, template: string) => Promise<string>
}

/**
 * A copy of the build, its SDK on a disk that notes every reading, with a daemon that has a secret and a
 * token.
 */
async function built(t: TestContext, env: Readonly<Record<string, string>>): Promise<Built> {
  const folder = await temporaryFolder(t)
  const disk = join(await tinyDisk(t, 64 * 1024 * 1024, ',strictatime'), 'node_modules')
  const copy = join(folder, 'locket')
  const modules = join(copy, 'lib/node_modules')
  const source = join(DIST, 'locket')
  cpSync(source, copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => path !== join(source, 'lib/node_modules'),
  })
  mkdirSync(disk)
  cpSync(join(source, 'lib/node_modules'), disk, { recursive: true })
  symlinkSync(disk, modules)
  const files = globSync('**/*.{js,wasm,json}', { cwd: disk }).map((path) => join(disk, path))
  assert.ok(files.some((path) => path.endsWith('core_bg.wasm')))
  for (const path of files) utimesSync(path, LONG_AGO, LONG_AGO)
  await setSecret(folder, 'a/b', 'canary-local')
  const daemon = await startDaemon({ folder, env, program: [join(copy, 'bin/locket')] })
  t.after(() => daemon.stop('SIGKILL'))
  return {
    daemon,
    modules,
    read: () => files.filter((path) => statSync(path).atimeMs > 0),
    async mount(name, template) {
      const created = await daemon.call('VolumeDriver.Create', { Name: name, Opts: { 'secret.s': template } })
      assert.equal(created.Err, '')
      const { Err, Mountpoint } = await daemon.call('VolumeDriver.Mount', { Name: name, ID })
      return Err === '' ? readFileSync(join(Mountpoint, 's'), 'utf8') : Err
    },
  }
}

test('the SDK is read when a reference needs it, in a process of its own, and not before', async (t) => {
  const service = await startService({
    answer: () => json(200, {}),
    failure: (status, said) => json(status, { said }),
  })
  t.after(() => service[Symbol.asyncDispose]())
  service.knobs.failStatus = 401
  const token = makeToken(service.url)
  const { daemon, read, mount } = await built(t, { OP_SERVICE_ACCOUNT_TOKEN: token.text })
  assert.equal(await mount('near', '{{ local://a/b }}'), 'canary-local')
  assert.deepEqual(read(), [], 'a daemon without op references reads nothing of it')
  const pid = daemon.process.pid ?? 0
  assert.deepEqual(childrenOf(pid), [])

  const said = await mount('far', '{{ op://vault/item/field }}')
  assert.match(
    said,
    / op:\/\/vault\/item\/field: op at http:\S+ does not accept the credential \(status 401\)/,
  )
  assert.deepEqual(service.requests, ['POST /api/v3/auth/start'])
  assert.ok(
    read().some((path) => path.endsWith('core_bg.wasm')),
    'the disk notes what is read',
  )
  assert.doesNotMatch(readFileSync(`/proc/${pid}/maps`, 'utf8'), /1password/)
  const [worker = 0, ...others] = childrenOf(pid)
  assert.deepEqual(others, [])
  const words = readFileSync(`/proc/${worker}/cmdline`, 'utf8').split('\0')
  assert.match(words.join(' '), /\/bin\/node --disable-sigusr1 \S+\/lib\/app\/sdk-worker\.mjs op $/)
  for (const file of ['cmdline', 'environ'])
    assertNoSecret(readFileSync(`/proc/${worker}/${file}`), [token.text, ...token.canaries], file)

  assert.equal(await daemon.stop(), 0)
  await gone(worker)
  assertNoSecret(daemon.output() + said, [token.text, ...token.canaries, 'canary-local'])
})

test('without the SDK everything else works, and a reference that needs it says so', async (t) => {
  const { daemon, modules, mount } = await built(t, {
    OP_SERVICE_ACCOUNT_TOKEN: makeToken('http://127.0.0.1:9').text,
  })
  renameSync(modules, `${modules}.away`)
  assert.equal(await mount('near', '{{ local://a/b }}'), 'canary-local')
  assert.match(await mount('far', '{{ op://vault/item/field }}'), /1Password's SDK cannot be loaded/)
  assert.equal(await mount('again', '{{ local://a/b }}'), 'canary-local')
  assert.equal(await daemon.stop(), 0)
})

test('a file with a token is enough, and the daemon outlives its worker', async (t) => {
  const token = makeToken('http://127.0.0.1:9')
  const path = join(await temporaryFolder(t), 'token')
  await writeFile(path, token.text)
  const { daemon, mount } = await built(t, {
    OP_SERVICE_ACCOUNT_TOKEN_FILE: path,
    LOCKET_VOLUME_DEFAULT_MOUNT_TIMEOUT: '5s',
  })
  const pending = mount('far', '{{ op://vault/item/field }}')
  const pid = daemon.process.pid ?? 0
  let worker = 0
  for (let tries = 0; worker === 0 && tries < 500; tries += 1) {
    worker = childrenOf(pid)[0] ?? 0
    await new Promise((done) => setTimeout(done, 5))
  }
  process.kill(worker, 'SIGKILL')
  assert.match(await pending, /op at http:\/\/127\.0\.0\.1:9 |did not answer|ended in the middle/)
  assert.equal(await mount('near', '{{ local://a/b }}'), 'canary-local')
  assert.equal(await daemon.stop(), 0)
})

function childrenOf(pid: number): number[] {
  const statuses = globSync('/proc/[0-9]*/status').flatMap((path) => {
    try {
      return [readFileSync(path, 'utf8')]
    } catch {
      // It has ended since.
      return []
    }
  })
  return statuses
    .filter((status) => new RegExp(`^PPid:\\s+${pid}$`, 'm').test(status) && !/^State:\s+Z/m.test(status))
    .map((status) => Number(/^Pid:\s+(\d+)$/m.exec(status)?.[1]))
}
