import { LocketError } from '../../core/vocabulary/errors.ts'
import { openDeadline, mountTimeoutMs } from '../render/deadline.ts'
import { configOf, report, rootOf, type Driver } from './driver.ts'
import { templatePaths } from '../recipe/prepare.ts'
import { renderVolume, replaceFiles } from './provision.ts'
import type { Volume } from './volume-table.ts'

const DEBOUNCE_MS = 500

/** With `watch`, a changed template file is rendered again while the volume is mounted. A failure keeps what is there, and never fails a mount. */
export async function followTemplates(driver: Driver, volume: Volume): Promise<void> {
  try {
    const config = configOf(driver, volume)
    const paths = config.watch ? templatePaths(config) : []
    if (paths.length === 0) return
    const ended = new AbortController()
    const render = oneAtATime(() => renderAgain(driver, volume, ended.signal))
    const watching = await driver.watch(paths, render, { debounceMs: DEBOUNCE_MS, isDeep: false })
    volume.following = {
      async [Symbol.asyncDispose]() {
        ended.abort(new LocketError('aborted', 'the volume is not followed any more'))
        await watching[Symbol.asyncDispose]()
      },
    }
  } catch (thrown) {
    report(driver, volume, 'volume.watch.failed', thrown)
  }
}

/** What watches would keep a process from ending. */
export async function stopFollowing(driver: Pick<Driver, 'table'>): Promise<void> {
  await Promise.allSettled(
    driver.table.list().map(async (volume) => volume.following?.[Symbol.asyncDispose]()),
  )
}

/**
 * The provider is asked outside the volume's lock: a mount by another container does not wait for it. Whatever the failure policy,
 * a reference that fails keeps the files: they hold secrets that work.
 */
async function renderAgain(driver: Driver, volume: Volume, ended: AbortSignal): Promise<void> {
  const { name } = volume.record
  const given = AbortSignal.any([ended, driver.stopping])
  try {
    const config = configOf(driver, volume)
    const timeoutMs = mountTimeoutMs(config.mountTimeoutMs, Number.POSITIVE_INFINITY)
    using deadline = openDeadline(timeoutMs, driver.clock, given)
    const resolve = driver.clients.resolveFor(name, config.providers)
    const rendered = await renderVolume({ ...config, policy: 'error' }, resolve, driver, deadline.signal)
    try {
      await driver.locks.run(name, given, async () => {
        await replaceFiles(rootOf(driver, name), rendered, config, driver)
        volume.content = rendered.facts
        volume.lastRender = new Date(driver.clock.now()).toISOString()
        volume.lastError = undefined
        driver.emit('volume.rendered', { volume: name })
      })
    } finally {
      rendered.wipe()
    }
  } catch (thrown) {
    if (!given.aborted) report(driver, volume, 'volume.render.failed', thrown)
  }
}

/** What changes meanwhile is rendered afterwards: of two at once, the older one could be the last to be written. */
function oneAtATime(work: () => Promise<void>): () => void {
  let isRunning = false
  let isWanted = false
  async function run(): Promise<void> {
    isRunning = true
    while (isWanted) {
      isWanted = false
      await work()
    }
    isRunning = false
  }
  return () => {
    isWanted = true
    if (!isRunning) void run()
  }
}
