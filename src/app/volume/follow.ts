import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { formatError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { mountTimeoutMs, openDeadline } from '../render/deadline.ts'
import { templatePaths, type ContentFacts } from '../recipe/volume-files.ts'
import type { LeaseHolder, LeaseSession } from '../leases/holder.ts'
import { leaseTrigger } from '../leases/trigger.ts'
import { leasedUntil } from '../renewal/leased.ts'
import { followPlan } from '../renewal/refresh-plan.ts'
import { putAndReload } from '../reload/volume-reload.ts'
import { openRenewal, type Trigger } from '../renewal/renewal.ts'
import { waitingLimit, type Pace } from '../renewal/stretch.ts'
import { createUrgency } from '../renewal/urgency.ts'
import type { Tick } from '../renewal/ticks.ts'
import type { Changes } from '../../core/ports/files.ts'
import { countOf, isUnchanged } from '../sinks/sink.ts'
import { configOf, noteError, reloadedVolume, report, type Driver } from './driver.ts'
import { longestUnaskedMs, renderIfChanged } from './render-volume.ts'
import { taskStarted } from './state.ts'
import { noteCurrent, noteStale } from './status/freshness.ts'
import { noteGeneration } from './status/generation.ts'
import { refreshLine } from './status/refresh-line.ts'
import { createTold } from './status/told.ts'
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
    driver.table.note(volume, { refresh: undefined, nextRefreshInMs: undefined, seen: undefined })
    const config = configOf(driver, volume)
    const { plan, tellers, key } = planOf(config, volume.activity.content)
    const watched = config.watch ? templatePaths(config) : []
    const { outage } = volume.activity
    const leases = leasesOf(driver, volume)
    const hadLeases = isRestored && driver.leases.restored().has(volume.name)
    const hasSource = watched.length > 0 || plan.everyMs !== undefined || plan.files.length > 0
    if (!hasSource && outage === undefined && !hadLeases && !leases.isHolding()) return
    const { emit, clock, stopping } = driver
    const { name } = volume
    const ended = new AbortController()
    const signal = AbortSignal.any([ended.signal, stopping])
    let quietUntil = Number.NEGATIVE_INFINITY
    let tick: Tick | undefined
    let pace: Pace | undefined
    const told = createTold(driver, volume, { tellers, longestMs: longestUnaskedMs(config) })
    const byClock =
      (everyMs: number): Trigger =>
      async (fire) => {
        const joined = new DisposableStack()
        const limitOf = () =>
          waitingLimit(config.providers, driver.clients.statusOf({ kind: 'volume', name }))
        const kept = joined.use(driver.stretches.join(everyMs, limitOf))
        const isLeased = () => clock.now() < (volume.activity.leasedUntil ?? 0)
        const mayAsk = () => !isLeased() && !told.isTold() && clock.elapsed() >= quietUntil
        const onTick = () => mayAsk() && kept.tick() && fire()
        tick = joined.use(driver.ticks.join(everyMs, onTick, isRestored))
        pace = kept
        return { [Symbol.asyncDispose]: async () => joined.dispose() }
      }
    const urgency = createUrgency()
    const byTemplates: Trigger = (fire) => {
      if (isRestored) fire()
      return driver.watch(watched, urgency.before(fire), WATCHING)
    }
    const byValueFiles: Trigger = async (fire) => {
      const failed = (error: LocketError) => report(driver, volume, 'volume.watch.failed', error)
      if (isRestored) fire()
      return driver.valueFiles.join(plan.files, { changed: fire, failed })
    }
    const leasesFailed = (error: LocketError) => noteError(driver, volume, formatError(error))
    const renewal = await openRenewal(
      {
        triggers: [
          ...(plan.everyMs === undefined ? [] : [byClock(plan.everyMs), told.trigger]),
          ...(watched.length === 0 ? [] : [byTemplates]),
          ...(plan.files.length === 0 ? [] : [byValueFiles]),
          leaseTrigger({ holder: leases, clock, isRestored: hadLeases, failed: leasesFailed }),
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
    const nextInMs = () => Math.max(tick?.nextInMs() ?? 0, (volume.activity.leasedUntil ?? 0) - clock.now())
    driver.table.note(volume, {
      refresh: refreshLine(plan, () => ({ nextInMs: nextInMs(), pace, isTold: told.isTold() })),
      nextRefreshInMs: plan.everyMs === undefined ? undefined : nextInMs,
    })
    async function renew(): Promise<undefined> {
      const refresh = () => urgency.run(signal, (run) => renderAgain(driver, volume, { config, key, ...run }))
      await (pace === undefined ? refresh() : pace.run(refresh)).finally(driver.careForHeap)
      quietUntil = Number.NEGATIVE_INFINITY
      told.asked()
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

/**
 * Renders the files of a mounted volume again, now, whether or not it has a refresh. Returns the changes.
 * Rejects when it failed: the files stay as they are, and the failure is not reported anywhere else.
 */
export async function refreshNow(driver: Driver, volume: Volume, signal: AbortSignal): Promise<Changes> {
  const config = configOf(driver, volume)
  const { key } = planOf(config, volume.activity.content)
  // The files in place are compared too: a container may have changed them.
  driver.table.note(volume, { seen: undefined })
  const own = AbortSignal.any([signal, driver.stopping])
  // A lease that was revoked at the server is issued anew.
  await leasesOf(driver, volume).renewDue(own, true)
  return await renderAgain(driver, volume, { config, key, signal: own, isRefresh: false })
}

function planOf({ refresh, providers }: VolumeConfig, content: ContentFacts | undefined) {
  return followPlan(
    refresh,
    providers.filter(({ name }) => content?.providers.includes(name) === true),
  )
}

interface RenderAgain {
  readonly config: VolumeConfig
  /** The key of the plan by which the volume is followed. */
  readonly key: string
  readonly signal: AbortSignal
  readonly isRefresh: boolean
}

/**
 * Asks the provider outside the volume's lock, so that a Mount of another container does not wait for it. The
 * requests of a refresh wait behind those of mounts, and have no deadline together. With every failure policy
 * a reference that fails keeps the files: they hold secrets that work.
 */
async function renderAgain(
  driver: Driver,
  volume: Volume,
  { config, key, signal, isRefresh }: RenderAgain,
): Promise<Changes> {
  const timeoutMs = mountTimeoutMs(config.mountTimeoutMs, Number.POSITIVE_INFINITY)
  using deadline = isRefresh ? undefined : openDeadline(timeoutMs, driver.clock, signal)
  const strict = { ...config, written: { ...config.written, policy: 'error' } } as const
  const audit = driver.audit.open({ action: 'refresh', volume: volume.name })
  const question = { signal: deadline?.signal ?? signal, options: { keeping: 'fill', audit } } as const
  const fresh = await renderIfChanged(driver, volume, strict, question).catch(async (thrown: unknown) => {
    if (!signal.aborted) await audit.failed(toLocketError(thrown))
    throw thrown
  })
  if (fresh === undefined) {
    noteCurrent(driver, volume)
    return { changed: [], made: [], gone: [] }
  }
  const { sink, templates, rendered, content, leases, askedAt } = fresh
  try {
    return await driver.locks.run(volume.name, signal, async () => {
      refuseUnused(driver, volume, leases)
      await audit.delivered()
      driver.table.note(volume, { seen: undefined })
      const changes = await putAndReload(driver, reloadedVolume(driver, volume, config), () =>
        sink.put(templates, rendered),
      )
      const hadLeases = leasesOf(driver, volume).isHolding()
      leases.delivered(true)
      driver.table.note(volume, {
        content,
        seen: fresh.seen,
        leasedUntil: leasedUntil(rendered.expiresAt, driver.clock.now()),
      })
      noteCurrent(driver, volume, askedAt)
      if (!isUnchanged(changes)) {
        await noteGeneration(driver, volume)
        const { gone } = changes
        const facts = { changed: countOf(changes), removed: gone.length }
        driver.emit('volume.rendered', { volume: volume.name, ...facts })
      }
      // A template that changed may name other providers, or values with a lease.
      const isOther = planOf(config, content).key !== key
      if (isOther || (!hadLeases && leasesOf(driver, volume).isHolding())) await followVolume(driver, volume)
      return changes
    })
  } finally {
    rendered.wipe()
    leases.dropped()
  }
}

function leasesOf({ leases }: Driver, { name }: Volume): LeaseHolder {
  return leases.holderOf({ kind: 'volume', name })
}

/**
 * Throws when the volume was unmounted while its values were fetched, also when it is mounted again: they
 * must not be written.
 */
function refuseUnused(driver: Driver, volume: Volume, leases: LeaseSession): void {
  const isUsed = volume.state.kind === 'mounted' || volume.state.kind === 'unrecorded'
  if (!isUsed || leases.isReleased() || driver.table.find(volume.name) !== volume)
    throw new LocketError('aborted', 'the volume was unmounted meanwhile', { facts: { volume: volume.name } })
}
