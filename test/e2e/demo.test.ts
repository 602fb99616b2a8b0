import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import type { Ran } from '../../scripts/engine/command.ts'
import { IMAGE, startEngine } from '../../scripts/engine/engine.ts'

// The demo builds, so it gets a copy of the project: dist/ must not change during the other tests.
const root = resolve(import.meta.dirname, '../..')
const copy = mkdtempSync(join(tmpdir(), 'locket-of-demo-'))
for (const name of [
  'LICENSE',
  'Makefile',
  'config.json',
  'package.json',
  'package-lock.json',
  'plugin',
  'scripts',
  'src',
  'test',
])
  cpSync(join(root, name), join(copy, name), { recursive: true, preserveTimestamps: true })
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))

const engine = await startEngine()
after(async () => {
  await engine[Symbol.asyncDispose]()
  rmSync(copy, { recursive: true })
})

test('the demo shows the secret, shows it gone, and leaves the engine as it was', async () => {
  const ran = await demo('node scripts/demo/demo.ts')
  assert.equal(ran.code, 0, ran.stdout + ran.stderr)
  assert.match(ran.stdout, /answers; only what this demo makes is touched/)
  assert.match(ran.stdout, /the secret, read in the container: open-sesame-/)
  assert.match(ran.stdout, /tmpfs there, file there, reference there/)
  assert.match(ran.stdout, /tmpfs gone, file gone, reference gone/)
  assert.match(ran.stdout, /everything is taken away again[^]*\nnext, [^]*dist\/locket\/bin\/locket init/)
  await nothingIsLeft()
})

test('the demo, interrupted when its container runs, takes everything away', async () => {
  const untilContainer = 'until docker ps -q | grep -q .; do kill -0 $demo || exit 1; sleep 0.1; done'
  const ran = await demo(
    `node scripts/demo/demo.ts & demo=$!; ${untilContainer}; kill -INT $demo; wait $demo`,
  )
  assert.equal(ran.code, 130, ran.stdout + ran.stderr)
  assert.match(ran.stdout, /interrupted: taking everything away/)
  await nothingIsLeft()
})

test('the demo, where the plugin cannot be enabled, says why and takes everything away', async () => {
  const ran = await demo(
    'sed -i s,/locket/bin/locket,/no/such/program, config.json; node scripts/demo/demo.ts',
  )
  assert.equal(ran.code, 1, ran.stdout)
  assert.match(ran.stdout, /failed: docker plugin enable/)
  await nothingIsLeft()
})

/** Runs a shell's script where the engine's sockets and mounts are. */
function demo(script: string): Promise<Ran> {
  const env = {
    PATH: `${root}/node_modules/.bin:${engine.env['PATH'] ?? ''}`,
    HOME: '/root',
    DOCKER_HOST: 'unix:///run/e2e/docker.sock',
  }
  return engine.sandbox.exec('sh', ['-c', `cd ${copy}; ${script}`], { env, timeoutMs: 120_000 })
}

async function nothingIsLeft(): Promise<void> {
  for (const list of [
    ['plugin', 'ls', '-q'],
    ['volume', 'ls', '-q'],
    ['ps', '-aq'],
  ])
    assert.equal(await engine.ok(list), '')
  assert.equal(await engine.ok(['image', 'ls', '--format', '{{.Repository}}']), IMAGE)
  assert.deepEqual(
    readdirSync(tmpdir()).filter((name) => name.startsWith('locket-demo-')),
    [],
  )
}
