import { report, type Driver } from './driver.ts'
import { engineRestarted } from './state.ts'

/**
 * Marks every mount ID as unsure (ADR 0006). Call it when another engine begins to use this process, or when
 * this one ends with its engine. After a mere crash of this process the IDs are sure: their containers still
 * run. Takes no lock, because the engine must get its answer while a mount hangs. A failed save is reported.
 */
export async function noteEngineRestart(driver: Driver): Promise<void> {
  const volumes = driver.table.list().filter(({ state }) => engineRestarted(state) !== state)
  if (volumes.length === 0) return
  for (const volume of volumes) driver.table.change(volume, engineRestarted)
  try {
    await driver.table.saveMounts(volumes)
  } catch (thrown) {
    for (const volume of volumes) report(driver, volume, 'volume.state', thrown)
  }
}
