import { rootOf, timestamp, type Driver } from '../driver.ts'
import type { Generation, Volume } from '../volume-table.ts'

/**
 * Notes that new files are in place, under the volume's lock. The number is kept beside the files too, so
 * that it outlives this process; a tmpfs that is full loses it.
 */
export async function noteGeneration(driver: Driver, volume: Volume): Promise<void> {
  const number = (volume.activity.generation?.number ?? 0) + 1
  await keep(driver, volume, { number, since: timestamp(driver) })
}

/** Notes the files of a new mount. */
export async function noteFirstGeneration(driver: Driver, volume: Volume): Promise<void> {
  await keep(driver, volume, { number: 1, since: timestamp(driver) })
}

/** Notes the generation that an earlier process kept, if there is one. */
export async function noteKeptGeneration(driver: Driver, volume: Volume): Promise<void> {
  const text = (await driver.tree.generationOf(rootOf(driver, volume.name))) ?? ''
  const [, number, since = ''] = /^([1-9]\d{0,14}) (\d{4}-\d\d-\d\dT[\d:.]+Z)$/.exec(text) ?? []
  if (number !== undefined) driver.table.note(volume, { generation: { number: Number(number), since } })
}

async function keep(driver: Driver, volume: Volume, generation: Generation): Promise<void> {
  driver.table.note(volume, { generation })
  const text = `${generation.number} ${generation.since}`
  await driver.tree.keepGeneration(rootOf(driver, volume.name), text).catch(() => undefined)
}
