import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { after, test } from 'node:test'

import { succeed } from '../../scripts/engine/command.ts'
import { fakeConnect } from '../../scripts/engine/connect.ts'
import { IMAGE, startEngine } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import {
  CONFIG,
  createVolume,
  makeConfig,
  onHost,
  recordsOf,
  runWith,
  startWith,
  statusOf,
} from '../../scripts/engine/locket.ts'
import {
  anotherBuild,
  installPlugin,
  mountedVolumes,
  pluginNamed,
  setPlugin,
} from '../../scripts/engine/plugin.ts'
import { REGISTRY, startRegistry } from '../../scripts/engine/registry.ts'

const PASSWORD = 'canary-install-password-1b2c'
const LOCAL = 'canary-install-local-90fe'
// Given to the plugin by its environment, where `docker plugin inspect` shows it: the README warns of that.
const TOKEN = 'install-token-5d0e'
const PUSH = resolve(import.meta.dirname, '../../plugin/push.sh')

const engine = await startEngine()
after(() => engine[Symbol.asyncDispose]())
const connect = await fakeConnect(engine, { token: TOKEN, password: PASSWORD })
await connect.start()

test('environment variables alone: no config.source, and it enables and works', async () => {
  await installPlugin(engine, {
    settings: { SECRETS_PROVIDER: 'op-connect', OP_CONNECT_HOST: connect.url, OP_CONNECT_TOKEN: TOKEN },
  })
  await createVolume(engine, 'env', { 'secret.a': '{{ op://v/i/password }}' })
  assert.equal(await runWith(engine, 'env', 'cat /s/a'), PASSWORD)
  await engine.ok(['plugin', 'disable', '-f', 'locket'])
  await engine.ok(['plugin', 'enable', 'locket'])
  assert.equal(await runWith(engine, 'env', 'cat /s/a'), PASSWORD)
})

test('a wrong setting: the plugin is enabled, and each command says what is wrong', async () => {
  await engine.ok(['plugin', 'disable', '-f', 'locket'])
  await setPlugin(engine, { SECRETS_PROVIDER: 'opconnect' })
  await engine.ok(['plugin', 'enable', 'locket'])
  const cause = /SECRETS_PROVIDER.*did you mean op-connect/s
  assert.match(await engine.fails(['run', '--rm', '-v', 'env:/s', IMAGE, 'ls', '/s']), cause)
  assert.match(await engine.fails(['volume', 'create', '-d', 'locket', '-o', 'secret.a=x', 'new']), cause)
  assert.match(await engine.ok(['volume', 'ls', '-q']), /env/)
  await engine.ok(['plugin', 'disable', '-f', 'locket'])
  await setPlugin(engine, { SECRETS_PROVIDER: 'op-connect' })
  await engine.ok(['plugin', 'enable', 'locket'])
  assert.equal(await runWith(engine, 'env', 'cat /s/a'), PASSWORD)
})

test('a config folder that is set later: the volumes move into it', async () => {
  await makeConfig(engine, { secrets: { a: LOCAL } })
  assert.match(await engine.fails(['plugin', 'set', 'locket', `config.source=${CONFIG}`]), /active plugin/)
  await engine.ok(['plugin', 'disable', '-f', 'locket'])
  await setPlugin(engine, { 'config.source': CONFIG })
  await engine.ok(['plugin', 'enable', 'locket'])
  assert.equal(await runWith(engine, 'env', 'cat /s/a'), PASSWORD)
  assert.deepEqual([...(await recordsOf(engine)).keys()], ['env'])
  const folder = await stat(onHost(engine, `${CONFIG}/state`))
  const file = await stat(onHost(engine, `${CONFIG}/state/state.json`))
  assert.deepEqual([folder.mode & 0o777, file.mode & 0o777], [0o700, 0o600])
})

test('plugin rm -f and a fresh install with the same folder: the volumes are there', async () => {
  await createVolume(engine, 'kept', { 'secret.a': '{{ local://a }}' })
  await startWith(engine, 'c1', 'kept')
  await engine.ok(['rm', '-f', 'c1'])
  await engine.ok(['plugin', 'disable', '-f', 'locket'])
  await engine.ok(['plugin', 'rm', '-f', 'locket'])
  const settings = { OP_CONNECT_HOST: connect.url, OP_CONNECT_TOKEN: TOKEN, 'config.source': CONFIG }
  await installPlugin(engine, { settings })
  assert.equal(await runWith(engine, 'kept', 'cat /s/a'), LOCAL)
  assert.equal(await runWith(engine, 'env', 'cat /s/a'), PASSWORD)
  assert.equal(await engine.ok(['volume', 'inspect', '--format', '{{.Driver}}', 'kept']), 'locket:latest')
  await engine.ok(['volume', 'rm', 'env', 'kept'])
})

test('locket secret on a host with only the plugin, by the two commands of the guide', async () => {
  const id = await engine.ok(['plugin', 'inspect', '-f', '{{.Id}}', 'locket'])
  const guide = await readFile(resolve(import.meta.dirname, '../../docs/guides/install.md'), 'utf8')
  const runc = ['--root', '/run/docker/runtime-runc/plugins.moby', 'exec']
  assert.ok(guide.includes(`runc ${runc.join(' ')} -t`))
  const value = `${LOCAL}-plugin`
  const set = [...runc, id, '/locket/bin/locket', 'secret', 'set', 'by/plugin', '--stdin']
  const stored = await engine.sandbox.exec('runc', set, { input: value })
  assert.equal(stored.code, 0, stored.stderr)
  await createVolume(engine, 'by-plugin', { 'secret.a': '{{ local://by/plugin }}' })
  assert.equal(await runWith(engine, 'by-plugin', 'cat /s/a'), value)
  await engine.ok(['volume', 'rm', 'by-plugin'])

  const program = `${await engine.ok(['info', '-f', '{{.DockerRootDir}}'])}/plugins/${id}/rootfs/locket`
  assert.ok(guide.includes('"$plugin/bin/node" --disable-sigusr1 "$plugin/lib/start.cjs" secret set'))
  const where = ['--local-file', `${CONFIG}/secrets.age`, '--local-key', `${CONFIG}/local.key`]
  const got = ['secret', 'get', 'by/plugin', ...where]
  const read = await engine.sandbox.exec(`${program}/bin/node`, [
    '--disable-sigusr1',
    `${program}/lib/start.cjs`,
    ...got,
  ])
  assert.equal(read.stdout, value, read.stderr)
})

test('make push, then plugin install from the registry with an alias and settings', async () => {
  await startRegistry(engine)
  await engine.ok(['plugin', 'disable', '-f', 'locket'])
  await engine.ok(['plugin', 'rm', '-f', 'locket'])
  await push('v1', REGISTRY)
  const args = ['plugin', 'install', '--grant-all-permissions', '--alias', 'locket', `${REGISTRY}/locket`]
  await engine.ok([...args, `config.source=${CONFIG}`, 'LOCKET_LOG_LEVEL=debug'])
  await createVolume(engine, 'pulled', { 'secret.a': '{{ local://a }}' })
  assert.equal(await runWith(engine, 'pulled', 'cat /s/a'), LOCAL)
})

test('what plugin install asks for: the host network, two mounts, one capability', async () => {
  const view = JSON.parse(await engine.ok(['plugin', 'inspect', '--format', '{{json .Config}}', 'locket']))
  assert.deepEqual(view.Linux.Capabilities, ['CAP_SYS_ADMIN'])
  assert.deepEqual(
    view.Mounts.map((mount: { Source: string }) => mount.Source),
    [CONFIG, '/dev/null'],
  )
  assert.equal(view.Linux.AllowAllDevices, false)
  assert.equal(view.Network.Type, 'host')
  assert.equal(view.IpcHost, false)
  assert.equal(view.PidHost, false)
  assert.deepEqual(view.Interface.Types, ['docker.volumedriver/1.0', 'docker.secretprovider/1.0'])
})

test('plugin upgrade: refused while enabled; works after disable -f, then set config.source', async () => {
  const before = await buildId()
  await startWith(engine, 'running', 'pulled')
  await push('v2', REGISTRY)
  const upgrade = ['plugin', 'upgrade', '--grant-all-permissions', '--skip-remote-check']
  const args = [...upgrade, 'locket', `${REGISTRY}/locket`]
  assert.match(await engine.fails(args), /must be disabled/)
  await engine.ok(['stop', '-t', '5', 'running'])
  await engine.ok(['plugin', 'disable', '-f', 'locket'])
  await engine.ok(args)
  // The engine now mounts the manifest's default source again. Without its records locket knows names only.
  await engine.ok(['plugin', 'enable', 'locket'])
  const lost = /recorded in a config folder.*docker plugin set locket config\.source/s
  assert.match(await engine.fails(['run', '--rm', '-v', 'pulled:/s', IMAGE, 'ls', '/s']), lost)
  assert.match(await engine.fails(['volume', 'create', '-d', 'locket', 'new']), lost)
  assert.match(await engine.fails(['volume', 'rm', 'pulled']), /pulled/)
  assert.doesNotMatch(await engine.ok(['volume', 'ls', '--filter', 'driver=local', '-q']), /pulled/)
  assert.match(await engine.ok(['volume', 'ls', '--filter', 'driver=locket:latest', '-q']), /pulled/)
  await engine.ok(['plugin', 'disable', '-f', 'locket'])
  await setPlugin(engine, { 'config.source': CONFIG })
  await engine.ok(['plugin', 'enable', 'locket'])
  assert.notEqual(await buildId(), before)
  await engine.ok(['start', 'running'])
  assert.equal(await engine.ok(['exec', 'running', 'cat', '/s/a']), LOCAL)
  assert.equal((await statusOf(engine, 'pulled')).mounts.length, 1)
  const { pid } = await pluginNamed(engine)
  const environment = await readFile(onHost(engine, `/proc/${pid}/environ`), 'utf8')
  assert.match(environment, /LOCKET_LOG_LEVEL=debug/, 'variables outlive the upgrade')
  await engine.ok(['rm', '-f', 'running'])
  await engine.ok(['volume', 'rm', 'pulled'])
  assert.equal((await mountedVolumes(engine)).size, 0)
})

test('no value is anywhere but where it belongs', async () => {
  const paths = [`${CONFIG}/state`, `${CONFIG}/secrets.age`, '/run/e2e/registry']
  assert.deepEqual(await findLeaks(engine, [PASSWORD, LOCAL], { paths }), [])
})

/** `make push` of a build of its own: plugin/push.sh writes into the folder it sends. */
async function push(build: string, registry: string): Promise<void> {
  const folder = await anotherBuild(onHost(engine, `/run/e2e/plugin-${build}`))
  await succeed(PUSH, [registry, 'locket', folder], { env: engine.env, timeoutMs: 120_000 })
}

async function buildId(): Promise<string> {
  const { id } = await pluginNamed(engine)
  const path = onHost(engine, `/run/e2e/data/plugins/${id}/rootfs/locket/build-id`)
  assert.ok(existsSync(path), `${path} is there`)
  return await readFile(path, 'utf8')
}
