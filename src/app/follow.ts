import { openDeadline, mountTimeoutMs } from './deadline.ts'
import { configOf, report, rootOf, type Driver } from './driver.ts'
import { templatePaths } from './prepare.ts'
import { renderVolume, replaceFiles } from './provision.ts'
import type { Volume } from './volume-table.ts'

const DEBOUNCE_MS = 500

/** With `watch`, a changed template file is rendered again while the volume is mounted. A failure keeps what is there, and never fails a mount. */
export async function followTemplates(driver: Driver, volume: Volume): Promise<void> {
  try {
    const config = configOf(driver, volume)
    const paths = config.watch ? templatePaths(config) : []
    if (paths.length === 0) return
    volume.following = await driver.watch(paths, () => void renderAgain(driver, volume), {
      debounceMs: DEBOUNCE_MS,
    })
  } catch (thrown) {
    report(driver, volume, 'volume.watch.failed', thrown)
  }
}

/** The provider is asked outside the volume's lock: a mount by another container does not wait for it. */
async function renderAgain(driver: Driver, volume: Volume): Promise<void> {
  const { name } = volume.record
  try {
    const config = configOf(driver, volume)
    const timeoutMs = mountTimeoutMs(config.mountTimeoutMs, Number.POSITIVE_INFINITY)
    using deadline = openDeadline(timeoutMs, driver.clock, driver.stopping)
    const rendered = await renderVolume(
      config,
      driver.clients.resolveFor(name, config.providers),
      driver,
      deadline.signal,
    )
    try {
      await driver.locks.run(name, driver.stopping, async () => {
        if (volume.following === undefined || driver.table.find(name) !== volume) return
        await replaceFiles(rootOf(driver, name), rendered, config, driver)
        volume.content = rendered.facts
        volume.lastRender = new Date(driver.clock.now()).toISOString()
        volume.lastError = undefined
        driver.log.info('volume.rendered', 'rendered again after a template changed', { volume: name })
      })
    } finally {
      rendered.wipe()
    }
  } catch (thrown) {
    if (!driver.stopping.aborted) report(driver, volume, 'volume.render.failed', thrown)
  }
}
