import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { getVolume } from '../../src/app/volume/status/status.ts'
import type { VolumeConfig } from '../../src/config/volume/volume-config.ts'
import { until } from '../../scripts/engine/until.ts'
import { packed } from '../fakes/memory-provider.ts'
import { CANARY, openWorld, testDriver, WRITTEN } from './world.ts'

const DB = { username: `${CANARY}-u`, 'pass word': `${CANARY}-p` }

async function holding(
  t: TestContext,
  fields: Readonly<Record<string, string>> | undefined,
  overrides: Partial<VolumeConfig> = {},
) {
  const world = await openWorld(t)
  if (fields !== undefined) world.provider.put('db/*', packed(fields))
  const driver = testDriver(world, overrides)
  return {
    world,
    driver,
    mount: async (options: Readonly<Record<string, string>>) => {
      await createVolume(driver, 'v', options, NEVER)
      return (await mountVolume(driver, 'v', 'id', NEVER)).mountpoint
    },
  }
}

test('a volume has one file for each field, and Status lists them', async (t) => {
  const { driver, world, mount } = await holding(t, DB)
  const folder = await mount({ 'secret.db/*': '{{ memory://db/* }}', 'secret.*.txt': 'memory://db/*' })
  assert.deepEqual((await readdir(folder)).toSorted(), ['db', 'pass word.txt', 'username.txt'])
  assert.equal(await readFile(join(folder, 'db/pass word'), 'utf8'), DB['pass word'])
  assert.equal(await readFile(join(folder, 'username.txt'), 'utf8'), DB.username)
  const { files, references } = getVolume(driver, 'v').status
  assert.deepEqual(
    files.toSorted().map((line) => line.replace(/ \(memory, 19 bytes\)$/, '')),
    ['db/pass word', 'db/username', 'pass word.txt', 'username.txt'],
  )
  assert.equal(references, 2)
  assert.deepEqual(world.provider.batches, [['db/*']], 'one reference, asked for once')
})

test('a * in the name needs one in the reference, and the other way round', async (t) => {
  const { driver } = await holding(t, DB)
  for (const [options, said] of [
    [{ 'secret.db': '{{ memory://db/* }}' }, /gives several values, and "db" has no \* in its name$/],
    [
      { 'secret.db/*': '{{ memory://a }}' },
      /the name "db\/\*" has a \*, and its template is not a reference that ends in \*$/,
    ],
    [{ 'secret.*/*': '{{ memory://db/* }}' }, /has more than one \* in its name/],
    [{ 'secret.db/*': 'x {{ memory://db/* }}' }, /line 1, column 3: .* stands beside other text or tags/],
  ] as const)
    await assert.rejects(createVolume(driver, 'w', options, NEVER), said)
  assert.deepEqual(driver.table.list(), [])
})

test('attack: a field whose name leaves the folder is refused by name, and nothing is mounted', async (t) => {
  for (const field of ['../up', 'a/b', '..', 'nul\0', 'line\nbreak', 'x'.repeat(300)]) {
    const { world, mount } = await holding(t, { good: CANARY, [field]: CANARY })
    await assert.rejects(mount({ 'secret.db/*': 'memory://db/*' }), (error: Error) => {
      const shown = JSON.stringify(field.length > 80 ? `${field.slice(0, 80)}…` : field)
      assert.ok(error.message.includes(`secret.db/*: memory://db/*: the field ${shown} `), error.message)
      assert.ok(!error.message.includes(CANARY))
      return true
    })
    assert.deepEqual(await world.mountedTargets(), [])
  }
})

test('a field whose file another option makes is a conflict', async (t) => {
  const { mount } = await holding(t, DB)
  const options = { 'secret.db/*': 'memory://db/*', 'secret.db/username': 'memory://a' }
  await assert.rejects(mount(options), {
    code: 'plan_conflict',
    message:
      /"db\/username" comes from driver option secret.db\/\* and from driver option secret.db\/username/,
  })
})

test('each field counts as a reference, and its bytes as those of a file', async (t) => {
  const origins = new Set(['driver option secret.db/*'])
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`f${index}`, CANARY]))
  for (const [limits, said] of [
    [{ references: 10, renderedBytes: 1_000_000 }, /more than 10 references .* max-volume-references$/],
    [{ references: 100, renderedBytes: 100 }, /larger than 100B, the operator's max-volume-rendered-size$/],
  ] as const) {
    const { world, mount } = await holding(t, many, { ceilings: { ...limits, origins } })
    await assert.rejects(mount({ 'secret.db/*': 'memory://db/*' }), said)
    assert.deepEqual(await world.mountedTargets(), [])
  }
})

test('without a value: error and passthrough fail the mount, ignore leaves all files out', async (t) => {
  const options = { 'secret.db/*': 'memory://db/*', 'secret.a': 'memory://a' }
  for (const policy of ['error', 'passthrough'] as const) {
    const { world, mount } = await holding(t, undefined, { written: { ...WRITTEN, policy } })
    await assert.rejects(mount(options), { code: 'not_found' })
    assert.deepEqual(await world.mountedTargets(), [])
  }
  const { mount, driver } = await holding(t, undefined, { written: { ...WRITTEN, policy: 'ignore' } })
  assert.deepEqual(await readdir(await mount(options)), ['a'])
  assert.match(getVolume(driver, 'v').status.warnings.join(), /unresolved.*memory:\/\/db\/\*/)
})

test('a field that appears, changes or vanishes does so in the volume when it is rendered again', async (t) => {
  const { world, driver } = await holding(t, DB)
  const template = join(world.runtimeDir, '../fields')
  await writeFile(template, '{{ memory://db/* }}')
  let tell = (): void => undefined
  const watching = {
    ...driver,
    watch: async (_paths: readonly string[], onChange: (changed: readonly string[]) => void) => {
      tell = () => onChange([])
      return { [Symbol.asyncDispose]: async () => undefined }
    },
    daemon: {
      ...driver.daemon,
      volumeConfig: (options: Readonly<Record<string, string>>) => ({
        ...driver.daemon.volumeConfig(options),
        watch: true,
      }),
    },
  }
  await createVolume(watching, 'v', { 'secret.db/*': `@${template}` }, NEVER)
  const { mountpoint } = await mountVolume(watching, 'v', 'id', NEVER)
  world.provider.put('db/*', packed({ username: `${CANARY}-2`, host: `${CANARY}-h` }))
  await writeFile(template, '{{ memory://db/* }}\n')
  tell()
  // The event comes after the last file.
  await until('it is rendered again', () => world.log.lines.some(({ event }) => event === 'volume.rendered'))
  assert.deepEqual((await readdir(join(mountpoint, 'db'))).toSorted(), ['host', 'username'])
  assert.equal(await readFile(join(mountpoint, 'db/username'), 'utf8'), `${CANARY}-2`)
  assert.deepEqual(getVolume(watching, 'v').status.files.toSorted(), [
    'db/host (memory, 19 bytes)',
    'db/username (memory, 19 bytes)',
  ])
})
