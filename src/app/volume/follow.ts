import { formatError, LocketError } from '../../core/vocabulary/errors.ts'
import { mountTimeoutMs, openDeadline } from '../render/deadline.ts'
import { templatePaths } from '../recipe/volume-files.ts'
import { openRenewal } from '../renewal/renewal.ts'
import { configOf, noteError, report, timestamp, type Driver } from './driver.ts'
import { renderVolume } from './render-volume.ts'
import { taskStarted } from './state.ts'
import type { Volume } from './volume-table.ts'

const WATCHING = { debounceMs: 500, isDeep: false }

/**
 * With `watch`, renders a changed template file again while the volume is mounted. Called under the volume's
 * lock. Never rejects: a failure is reported and the files stay as they are.
 */
export async function followTemplates(driver: Driver, volume: Volume): Promise<void> {
  try {
    const config = configOf(driver, volume)
    const paths = config.watch ? templatePaths(config) : []
    if (paths.length === 0) return
    const { emit, clock, stopping } = driver
    const { name } = volume
    const ended = new AbortController()
    const signal = AbortSignal.any([ended.signal, stopping])
    const renewal = await openRenewal(
      {
        triggers: [(fire) => driver.watch(paths, fire, WATCHING)],
        failed: (facts) => emit('volume.render.failed', { volume: name, ...facts }),
        recovered: () => emit('volume.recovered', { volume: name }),
        onFailure: (error) => noteError(driver, volume, formatError(error)),
      },
      clock,
    )
    void renewal.follow(() => renderAgain(driver, volume, signal), { signal })
    const task = {
      async [Symbol.asyncDispose]() {
        ended.abort(new LocketError('aborted', 'the templates are not watched any more'))
        await renewal[Symbol.asyncDispose]()
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
async function renderAgain(driver: Driver, volume: Volume, signal: AbortSignal): Promise<undefined> {
  const config = configOf(driver, volume)
  const timeoutMs = mountTimeoutMs(config.mountTimeoutMs, Number.POSITIVE_INFINITY)
  using deadline = openDeadline(timeoutMs, driver.clock, signal)
  const strict = { ...config, written: { ...config.written, policy: 'error' } } as const
  const { sink, templates, rendered, content } = await renderVolume(driver, volume, strict, deadline.signal)
  try {
    await driver.locks.run(volume.name, signal, async () => {
      await sink.put(templates, rendered)
      driver.table.note(volume, { content, lastRender: timestamp(driver), lastError: undefined })
      driver.emit('volume.rendered', { volume: volume.name })
    })
  } finally {
    rendered.wipe()
  }
}
