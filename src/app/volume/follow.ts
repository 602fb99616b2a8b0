import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { formatError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { formatDuration } from '../../core/text/units.ts'
import { mountTimeoutMs, openDeadline } from '../render/deadline.ts'
import { templatePaths, type ContentFacts } from '../recipe/volume-files.ts'
import { refreshPlan, type RefreshPlan } from '../renewal/refresh-plan.ts'
import { putAndReload } from '../reload/volume-reload.ts'
import { openRenewal, type Trigger } from '../renewal/renewal.ts'
import type { Tick } from '../renewal/ticks.ts'
import type { Changes } from '../../core/ports/files.ts'
import { countOf, isUnchanged } from '../sinks/sink.ts'
import { configOf, noteError, reloadedVolume, report, timestamp, type Driver } from './driver.ts'
import { renderVolume } from './render-volume.ts'
import { taskStarted } from './state.ts'
import { noteGeneration } from './status/generation.ts'
import type { Volume } from './volume-table.ts'

const WATCHING = { debounceMs: 500, isDeep: false }
/**
 * Milliseconds without a tick after a failure that waiting alone cannot help. The next tick after them tries
 * again, together with the other volumes.
 */
const QUIET_MS = 50_000

/** `isRestored`: an earlier process mounted the volume, and changes since then may have been missed. */
interface FollowOptions {
  readonly isRestored?: boolean
}

/**
 * Renders the files again while the volume is mounted: at each tick of its `refresh`, and with `watch` when a
 * template file changes. Called under the volume's lock. Never rejects: a failure is reported and the files
 * stay as they are.
 */
export async function followVolume(
  driver: Driver,
  volume: Volume,
  { isRestored = false }: FollowOptions = {},
): Promise<void> {
  try {
    driver.table.note(volume, { refresh: undefined, nextRefreshInMs: undefined })
    const config = configOf(driver, volume)
    const plan = planOf(config, volume.activity.content)
    const watched = [...(config.watch ? templatePaths(config) : []), ...plan.files]
    const { outage } = volume.activity
    if (watched.length === 0 && plan.everyMs === undefined && outage === undefined) return
    const { emit, clock, stopping } = driver
    const { name } = volume
    const ended = new AbortController()
    const signal = AbortSignal.any([ended.signal, stopping])
    let quietUntil = Number.NEGATIVE_INFINITY
    let tick: Tick | undefined
    const byClock =
      (everyMs: number): Trigger =>
      async (fire) => {
        const joined = driver.ticks.join(everyMs, () => clock.elapsed() >= quietUntil && fire(), isRestored)
        tick = joined
        return { [Symbol.asyncDispose]: async () => joined[Symbol.dispose]() }
      }
    const byFiles: Trigger = async (fire) => {
      const watch = await driver.watch(watched, fire, WATCHING)
      if (isRestored && plan.files.length > 0) fire()
      return watch
    }
    const renewal = await openRenewal(
      {
        triggers: [
          ...(plan.everyMs === undefined ? [] : [byClock(plan.everyMs)]),
          ...(watched.length === 0 ? [] : [byFiles]),
        ],
        isPeriodic: plan.everyMs !== undefined,
        failed: (facts) =>
          emit(facts.code === 'rate_limited' ? 'volume.refresh.postponed' : 'volume.render.failed', {
            volume: name,
            ...facts,
          }),
        recovered: () => emit('volume.recovered', { volume: name }),
        onFailure(error) {
          noteStale(driver, volume)
          quietUntil = clock.elapsed() + Math.max(QUIET_MS, error.retryAfterMs ?? 0)
          if (error.code !== 'rate_limited') return noteError(driver, volume, formatError(error))
          driver.table.note(volume, { postponed: formatError(error) })
        },
      },
      clock,
    )
    const nextInMs = () => tick?.nextInMs() ?? 0
    driver.table.note(volume, {
      refresh: refreshLine(plan, nextInMs),
      nextRefreshInMs: plan.everyMs === undefined ? undefined : nextInMs,
    })
    async function renew(): Promise<undefined> {
      await renderAgain(driver, volume, plan, signal)
      quietUntil = Number.NEGATIVE_INFINITY
    }
    // Stale values are replaced as soon as the provider answers, also without a refresh.
    void renewal.follow(renew, { signal, missing: outage })
    const task = {
      async [Symbol.asyncDispose]() {
        ended.abort(new LocketError('aborted', 'the volume is not followed any more'))
        await renewal[Symbol.asyncDispose]()
      },
    }
    driver.table.change(volume, (state) => taskStarted(state, task))
  } catch (thrown) {
    report(driver, volume, 'volume.watch.failed', thrown)
  }
}

/** Notes that the files may be old, from the first failure on. */
function noteStale(driver: Driver, volume: Volume): void {
  driver.table.note(volume, { staleSince: volume.activity.staleSince ?? timestamp(driver) })
}

/**
 * Renders the files of a mounted volume again, now, whether or not it has a refresh. Returns the changes.
 * Rejects when it failed: the files stay as they are, and the failure is not reported anywhere else.
 */
export async function refreshNow(driver: Driver, volume: Volume, signal: AbortSignal): Promise<Changes> {
  const plan = planOf(configOf(driver, volume), volume.activity.content)
  return await renderAgain(driver, volume, plan, AbortSignal.any([signal, driver.stopping]))
}

function planOf({ refresh, providers }: VolumeConfig, content: ContentFacts | undefined): RefreshPlan {
  const used = providers.filter(({ name }) => content?.providers.includes(name) === true)
  return refreshPlan(refresh, used)
}

/** Returns the function that makes the line of Status; undefined for a volume that only follows templates. */
function refreshLine({ everyMs, files }: RefreshPlan, nextInMs: () => number): (() => string) | undefined {
  const changes = files.length === 0 ? [] : [`when ${files.join(' or ')} changes`]
  if (everyMs === undefined) return changes.length === 0 ? undefined : () => changes.join('')
  return () => {
    const next = formatDuration(Math.ceil(nextInMs() / 1000) * 1000)
    return [`every ${formatDuration(everyMs)}, next in ${next}`, ...changes].join(', and ')
  }
}

/**
 * Asks the provider outside the volume's lock, so that a Mount of another container does not wait for it.
 * With every failure policy a reference that fails keeps the files: they hold secrets that work.
 */
async function renderAgain(
  driver: Driver,
  volume: Volume,
  plan: RefreshPlan,
  signal: AbortSignal,
): Promise<Changes> {
  const config = configOf(driver, volume)
  const timeoutMs = mountTimeoutMs(config.mountTimeoutMs, Number.POSITIVE_INFINITY)
  using deadline = openDeadline(timeoutMs, driver.clock, signal)
  const strict = { ...config, written: { ...config.written, policy: 'error' } } as const
  const audit = driver.audit.open({ action: 'refresh', volume: volume.name })
  const options = { keeping: 'fill', audit } as const
  const made = await renderVolume(driver, volume, strict, deadline.signal, options).catch(
    async (thrown: unknown) => {
      if (!signal.aborted) await audit.failed(toLocketError(thrown))
      throw thrown
    },
  )
  const { sink, templates, rendered, content } = made
  try {
    return await driver.locks.run(volume.name, signal, async () => {
      refuseUnused(driver, volume)
      await audit.delivered()
      const changes = await putAndReload(driver, reloadedVolume(driver, volume, config), () =>
        sink.put(templates, rendered),
      )
      const lastRender = timestamp(driver)
      const wasStale = volume.activity.outage !== undefined
      const current = { lastError: undefined, postponed: undefined, staleSince: undefined, outage: undefined }
      driver.table.note(volume, { content, lastRender, ...current })
      if (wasStale) driver.emit('volume.cache.over', { volume: volume.name })
      if (!isUnchanged(changes)) {
        await noteGeneration(driver, volume)
        const { gone } = changes
        const facts = { changed: countOf(changes), removed: gone.length }
        driver.emit('volume.rendered', { volume: volume.name, ...facts })
      }
      // A template that changed may name other providers.
      if (JSON.stringify(planOf(config, content)) !== JSON.stringify(plan)) await followVolume(driver, volume)
      return changes
    })
  } finally {
    rendered.wipe()
  }
}

/** Throws when the volume was unmounted while its values were fetched: they must not be written. */
function refuseUnused(driver: Driver, volume: Volume): void {
  const isUsed = volume.state.kind === 'mounted' || volume.state.kind === 'unrecorded'
  if (!isUsed || driver.table.find(volume.name) !== volume)
    throw new LocketError('aborted', 'the volume was unmounted meanwhile', { facts: { volume: volume.name } })
}
