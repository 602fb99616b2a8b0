import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { command, succeed } from '../../scripts/engine/command.ts'
import { debianPlugin } from '../../scripts/engine/debian.ts'
import { startEngine } from '../../scripts/engine/engine.ts'
import { PLUGIN_FOLDER } from '../../scripts/engine/plugin.ts'

const DOCKERFILE = resolve(import.meta.dirname, '../../Dockerfile.rootfs')
const engine = await startEngine()
after(() => engine[Symbol.asyncDispose]())

test('the classic builder makes an image of the rootfs', async () => {
  const env = { ...engine.env, DOCKER_BUILDKIT: '0' }
  await engine.ok(['build', '-t', 'classic', '-f', DOCKERFILE, PLUGIN_FOLDER], { env })
  await holdsTheRootfs('classic')
})

test('buildx makes the same image', async () => {
  const buildx = await debianPlugin('docker-buildx')
  await succeed(buildx, ['build', '--load', '-t', 'buildx', '-f', DOCKERFILE, PLUGIN_FOLDER], {
    env: engine.env,
  })
  await holdsTheRootfs('buildx')
})

async function holdsTheRootfs(image: string): Promise<void> {
  assert.match(await engine.ok(['run', '--rm', image, '--version']), /^locket \d/)
  await engine.ok(['create', '--name', `${image}-files`, image])
  const listing = await command('sh', ['-c', `docker export ${image}-files | tar -t`], { env: engine.env })
  const inImage = new Set(listing.stdout.split('\n').map((path) => path.replace(/\/$/, '')))
  const missing = globSync('**', { cwd: join(PLUGIN_FOLDER, 'rootfs') }).filter(
    (path) => path !== '.' && !inImage.has(path),
  )
  assert.deepEqual(missing, [])
}
