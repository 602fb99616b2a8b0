import assert from 'node:assert/strict'
import { lstat, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../scripts/engine/until.ts'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { loadVolume } from '../config/load-volume.ts'
import { problemOf } from '../config/setting-rows.ts'
import { CANARY, openWorld, passTime, testDriver, WRITTEN } from './world.ts'

const OPTIONS = { 'secret.a': '{{ memory://a }}', 'secret.b': '{{ memory://b }}' }

test('layout=generations: a refresh changes all files by one link, and an equal one nothing', async (t) => {
  const world = await openWorld(t)
  const written = { ...WRITTEN, layout: 'generations' } as const
  const driver = testDriver(world, { refresh: 60_000, written })
  await createVolume(driver, 'v', OPTIONS, NEVER)
  const { mountpoint } = await mountVolume(driver, 'v', 'id', NEVER)
  const read = (name: string) => readFile(join(mountpoint, name), 'utf8')
  const generation = () => readlink(join(mountpoint, '..data'))
  assert.deepEqual([await read('a'), await read('b')], [`${CANARY}-a`, `${CANARY}-b`])
  assert.equal((await lstat(join(mountpoint, 'a'))).isSymbolicLink(), true)
  const first = await generation()
  const asked = () => world.provider.batches.length
  const before = asked()
  await passTime(world.clock, 66_000)
  await until('it is asked', () => asked() > before)
  assert.equal(await generation(), first)
  world.provider.put('a', 'two')
  await passTime(world.clock, 132_000)
  await until('the new generation is there', async () => (await generation()) !== first)
  await until('it is reported', () => world.log.lines.some(({ event }) => event === 'volume.rendered'))
  assert.deepEqual([await read('a'), await read('b')], ['two', `${CANARY}-b`])
  await unmountVolume(driver, 'v', 'id')
  assert.deepEqual(await world.mountedTargets(), [])
})

test('a name that the layout needs for itself is refused at Create and at Mount', async (t) => {
  const { daemon } = loadVolume([], {}, '/nonexistent/locket.toml')
  const problem = (options: Record<string, string>) => problemOf(() => daemon.volumeConfig(options))
  assert.match(
    problem({ 'secret...data': 'x', layout: 'generations' }),
    /secret\.\.\.data: a name that begins with \.\. is reserved by layout=generations/,
  )
  assert.match(
    problem({ 'secret.a': 'x', layout: 'generations', 'on-change': 'touch:..data' }),
    /on-change: \.\.data: a name that begins with \.\. is reserved/,
  )
  assert.match(problem({ layout: 'generation' }), /layout: must be one of plain, generations, did you mean/)
  const world = await openWorld(t)
  const driver = testDriver(world, { written: { ...WRITTEN, layout: 'generations' } })
  await createVolume(driver, 'v', { 'secret...x': '{{ memory://a }}' }, NEVER)
  await assert.rejects(mountVolume(driver, 'v', 'id', NEVER), {
    code: 'plan_conflict',
    message: /\.\.x: a name that begins with \.\. is reserved by layout/,
  })
})
