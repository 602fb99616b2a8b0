import { addFacts, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { parseVolumeName, type VolumeName } from '../../core/vocabulary/names.ts'
import { sameOptions, type VolumeRecord } from '../../core/volume/record.ts'
import { contentFacts, prepareVolume, type ContentFacts } from '../recipe/volume-files.ts'
import { refuseWithoutEngine } from '../reload/volume-reload.ts'
import { timestamp, type Driver } from './driver.ts'
import { createdState } from './state.ts'
import type { VolumeIdentity } from './volume-table.ts'

/**
 * Checks everything that can be checked without a network, then records the volume. A second call with the
 * same name and options succeeds. Rejects with `volume_exists` for other options, and with the error of
 * `volumeConfig` or `prepareVolume`.
 */
export async function createVolume(
  driver: Driver,
  nameText: string,
  options: VolumeRecord['options'],
  signal: AbortSignal,
): Promise<void> {
  const name = parseVolumeName(nameText)
  await driver.locks.run(name, signal, async () => {
    const existing = driver.table.find(name)
    if (existing !== undefined) return refuseOtherOptions(existing, options)
    const content = await contentOf(driver, options, name)
    const identity = { name, options, createdAt: timestamp(driver) }
    const volume = await driver.table.add(identity, createdState(driver.unrecorded.has(name)))
    driver.unrecorded.delete(name)
    driver.table.note(volume, { content })
    driver.emit('volume.created', { volume: name, files: content.files.length })
    for (const warning of content.warnings) driver.emit('volume.warning', { volume: name, warning })
  })
}

/** Throws errors that name the volume. The engine does not name it. */
async function contentOf(
  driver: Driver,
  options: VolumeRecord['options'],
  name: VolumeName,
): Promise<ContentFacts> {
  const { daemon, sources, clock } = driver
  try {
    const config = daemon.volumeConfig(options)
    await refuseWithoutEngine(driver, config)
    return contentFacts(await prepareVolume(config, sources, { clock }), config)
  } catch (thrown) {
    throw addFacts(toLocketError(thrown), { volume: name })
  }
}

function refuseOtherOptions(existing: VolumeIdentity, options: VolumeRecord['options']): void {
  if (sameOptions(existing.options, options)) return
  const names = new Set([...Object.keys(existing.options), ...Object.keys(options)])
  const changed = [...names].filter((name) => existing.options[name] !== options[name]).sort()
  throw new LocketError(
    'volume_exists',
    `volume ${existing.name} exists with other driver options (differs: ${changed.join(', ')})`,
    {
      facts: { volume: existing.name },
      names: ['volume'],
      hint: `docker volume rm ${existing.name}, then create it again`,
    },
  )
}
