import { LocketError } from '../../core/vocabulary/errors.ts'
import { openDeadline, mountTimeoutMs } from '../render/deadline.ts'
import { templatePaths } from '../recipe/prepare.ts'
import { configOf, report, rootOf, timestamp, type Driver } from './driver.ts'
import { renderVolume, replaceFiles } from './provision.ts'
import { taskStarted } from './state.ts'
import type { Volume } from './volume-table.ts'

const DEBOUNCE_MS = 500

/**
 * With `watch`, renders a changed template file again while the volume is mounted. Called under the volume's
 * lock. Never rejects: a failure is reported and the files stay as they are.
 */
export async function followTemplates(driver: Driver, volume: Volume): Promise<void> {
  try {
    const config = configOf(driver, volume)
    const paths = config.watch ? templatePaths(config) : []
    if (paths.length === 0) return
    const ended = new AbortController()
    const render = oneAtATime(() => renderAgain(driver, volume, ended.signal))
    const watching = await driver.watch(paths, render, { debounceMs: DEBOUNCE_MS })
    const task = {
      async [Symbol.asyncDispose]() {
        ended.abort(new LocketError('aborted', 'the templates are not watched any more'))
        await watching[Symbol.asyncDispose]()
      },
    }
    driver.table.change(volume, (state) => taskStarted(state, task))
  } catch (thrown) {
    report(driver, volume, 'volume.watch.failed', thrown)
  }
}

/**
 * Asks the provider outside the volume's lock, so that a Mount of another container does not wait for it.
 * With every failure policy a reference that fails keeps the files: they hold secrets that work.
 */
async function renderAgain(driver: Driver, volume: Volume, ended: AbortSignal): Promise<void> {
  const { name } = volume
  const given = AbortSignal.any([ended, driver.stopping])
  try {
    const config = configOf(driver, volume)
    const timeoutMs = mountTimeoutMs(config.mountTimeoutMs, Number.POSITIVE_INFINITY)
    using deadline = openDeadline(timeoutMs, driver.clock, given)
    const resolve = driver.clients.resolveFor({ kind: 'volume', name }, config.providers)
    const rendered = await renderVolume(
      { ...config, written: { ...config.written, policy: 'error' } },
      resolve,
      driver,
      deadline.signal,
    )
    try {
      await driver.locks.run(name, given, async () => {
        await replaceFiles(rootOf(driver, name), rendered, config, driver)
        const done = { content: rendered.facts, lastRender: timestamp(driver), lastError: undefined }
        driver.table.note(volume, done)
        driver.emit('volume.rendered', { volume: name })
      })
    } finally {
      rendered.wipe()
    }
  } catch (thrown) {
    if (!given.aborted) report(driver, volume, 'volume.render.failed', thrown)
  }
}

/** A call during `work` runs it once more afterwards, so that the newest result is written last. */
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
