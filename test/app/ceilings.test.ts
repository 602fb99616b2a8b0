import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import type { ContentCeilings } from '../../src/core/volume/ceilings.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { openWorld, testDriver } from './world.ts'

const ORIGINS = new Set(Array.from({ length: 100 }, (_, n) => `driver option secret.f${n}`))
const ceilings = (limits: Partial<ContentCeilings>): { readonly ceilings: ContentCeilings } => ({
  ceilings: { references: 1000, renderedBytes: 1_048_576, origins: ORIGINS, ...limits },
})
const filesOf = (count: number, template: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`secret.f${n}`, template]))

test('create: a volume with too many references is refused in one line, and not recorded', async (t) => {
  const driver = testDriver(await openWorld(t), ceilings({ references: 10 }))
  await createVolume(driver, 'v', filesOf(5, '{{ memory://a }}{{ memory://a }}'), NEVER)
  await assert.rejects(createVolume(driver, 'w', filesOf(50, '{{ memory://a }}'), NEVER), {
    code: 'too_large',
    message:
      "volume w: driver option secret.f10: the templates up to here have more than 10 references or other {{ }}, the operator's max-volume-references",
  })
  assert.equal(driver.table.list().length, 1)
})

test('create: template files that are too large together are refused', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'template'), 'x'.repeat(1000))
  const driver = testDriver(await openWorld(t), ceilings({ renderedBytes: 3500 }))
  await createVolume(driver, 'v', filesOf(3, `@${folder}/template`), NEVER)
  await assert.rejects(
    createVolume(driver, 'w', filesOf(50, `@${folder}/template`), NEVER),
    /^LocketError: volume w: driver option secret\.f\d+: the templates up to here are larger than 3500B, the/,
  )
})

test('mount: files that are too large together are refused, and nothing is mounted', async (t) => {
  const world = await openWorld(t)
  const size = '{{ memory://a }}'.length
  const driver = testDriver(world, ceilings({ renderedBytes: 20 * size }))
  await createVolume(driver, 'v', filesOf(1, '{{ memory://a }}'), NEVER)
  await mountVolume(driver, 'v', 'id', NEVER)
  await unmountVolume(driver, 'v', 'id')
  await createVolume(driver, 'w', filesOf(19, '{{ memory://a }}'), NEVER)
  await assert.rejects(mountVolume(driver, 'w', 'id', NEVER), {
    code: 'too_large',
    message:
      /^volume w not mounted: driver option secret\.f\d+: the files up to here are larger than 320B, the/,
  })
  assert.deepEqual(await world.mountedTargets(), [])
})

test('the files of the operator are not counted', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world, ceilings({ references: 1, renderedBytes: 1, origins: new Set() }))
  await createVolume(driver, 'v', filesOf(50, '{{ memory://a }}'), NEVER)
  await mountVolume(driver, 'v', 'id', NEVER)
  await unmountVolume(driver, 'v', 'id')
})
