import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { Around } from '../access/clients.ts'
import type { AccessAudit } from '../audit/audit.ts'
import { createAllowance, type Allowance } from '../../core/volume/ceilings.ts'
import type { Outcomes, Resolve } from '../../core/vocabulary/resolve.ts'
import { inTurns } from '../../core/waiting/turns.ts'
import type { LeaseSession } from '../leases/holder.ts'
import type { CacheSession, StaleValues } from '../last-known-good/session.ts'
import type { Recipe } from '../recipe/recipe.ts'
import { contentFacts, prepareVolume, type ContentFacts, type PreparedFile } from '../recipe/volume-files.ts'
import { mayCredentialCome } from '../render/deadline.ts'
import { answerOrDeadline, wipeOutcomes } from '../render/fetch.ts'
import { render, type Rendered } from '../render/render.ts'
import { answeredOnce, seenPlanOf, type Seen } from '../render/seen.ts'
import { rootOf, type Driver } from './driver.ts'
import { openVolumeSink, type VolumeSink } from '../sinks/volume.ts'
import type { Volume } from './volume-table.ts'

/**
 * A volume's files in memory, and where they go. The caller must call `rendered.wipe`, and end the session of
 * `leases`.
 */
interface RenderedVolume {
  readonly templates: readonly PreparedFile[]
  readonly rendered: Rendered<PreparedFile>
  /** For Status. */
  readonly content: ContentFacts
  readonly sink: VolumeSink
  /** The values that come from the cache, if any do. */
  readonly stale: StaleValues | undefined
  /**
   * When the oldest of the values that were kept in memory was asked for, in milliseconds since the epoch.
   * Undefined: none was.
   */
  readonly askedAt: number | undefined
  /** The leases of the values. */
  readonly leases: LeaseSession
}

interface RenderOptions {
  /**
   * `use`: the cache answers when the provider is out of reach. `fill`: it only keeps the answers, because
   * the files in place are at least as new as the cache. `none`: it is left alone.
   */
  readonly keeping: 'use' | 'fill' | 'none'
  /** Notes the values that are asked for. */
  readonly audit: AccessAudit
}

/**
 * Reads templates, fetches all references as one batch and renders in memory. Nothing is mounted or written.
 */
export async function renderVolume(
  driver: Driver,
  volume: Volume,
  config: VolumeConfig,
  signal: AbortSignal,
  options: RenderOptions,
): Promise<RenderedVolume> {
  const ready = await prepared(driver, config)
  const access = openAccess(driver, volume, config, { signal, options })
  return await closing(access, () => renderPrepared(driver, volume, ready, access))
}

/**
 * Milliseconds after which the files are rendered and compared with those in place although nothing seems to
 * have changed: a server may not count a change, and a container may have changed a file.
 */
const LONGEST_UNASKED_MS = 3_600_000

/**
 * Returns the milliseconds after which the values of a volume are asked for in any case: values in the cache
 * must not grow old while they are known to be current.
 */
export function longestUnaskedMs({ cache }: Pick<VolumeConfig, 'cache'>): number {
  return cache === 'off' ? LONGEST_UNASKED_MS : Math.min(LONGEST_UNASKED_MS, cache / 2)
}

/**
 * Does the same, unless nothing has changed since the delivery that `volume.activity.seen` describes: then it
 * resolves with undefined. It finds that out by the versions, if the providers have a cheaper question for
 * them than the one for the values, and else by the values. The caller notes the `seen` of the answer when it
 * is in place.
 */
export async function renderIfChanged(
  driver: Driver,
  volume: Volume,
  config: VolumeConfig,
  asked: Asked,
): Promise<(RenderedVolume & { readonly seen: Seen }) | undefined> {
  const { clients, clock, digest } = driver
  const { signal } = asked
  const at = clock.elapsed()
  const known = volume.activity.seen?.plan
  const ready = known === undefined ? await prepared(driver, config) : undefined
  const plan = known ?? (ready && seenPlanOf(ready.recipe.templates))
  // It is looked at after each question, because another delivery may have ended meanwhile.
  const isSame = (fact: 'versions' | 'values', now: string | undefined): boolean => {
    const { seen } = volume.activity
    const isRecent = seen !== undefined && at - seen.at < longestUnaskedMs(config)
    return isRecent && now !== undefined && seen[fact] === now
  }
  const withPlan = (text: string | undefined) =>
    plan === undefined || text === undefined ? undefined : `${plan.fingerprint} ${text}`
  // The versions are asked for before the values: a change in between is seen at the next refresh.
  const caller = { kind: 'volume', name: volume.name } as const
  const question = plan && { refs: plan.refs, signal }
  const versions = withPlan(question && (await clients.versionsOf(caller, config.providers, question)))
  if (isSame('versions', versions)) return undefined
  const access = openAccess(driver, volume, config, asked)
  return await closing(access, async () => {
    const outcomes = plan && (await answerOrDeadline(plan.refs, access.resolve, signal))
    try {
      // Two hundred volumes get the same answer at the same moment: each has a turn of its own.
      await clock.nextTurn()
      const values = withPlan(outcomes && (await inTurns(digest(plan.refs, outcomes), clock)))
      if (isSame('values', values)) {
        await asked.options.audit.delivered()
        access.leases.dropped()
        return undefined
      }
      const resolve = outcomes === undefined ? access.resolve : answeredOnce(outcomes, access.resolve)
      const fresh = ready ?? (await prepared(driver, config))
      const made = await renderPrepared(driver, volume, fresh, { ...access, resolve })
      const isFixed = config.files.every(({ source }) => source.kind === 'inline')
      return { ...made, seen: { plan: isFixed ? plan : undefined, versions, values, at } }
    } finally {
      if (outcomes !== undefined) wipeOutcomes(outcomes)
    }
  })
}

/** Runs a rendering, and begins to write what the cache has noted in it. One that fails drops its leases. */
async function closing<T>({ cached, leases }: Access, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    leases.dropped()
    throw thrown
  } finally {
    void cached?.save()
  }
}

/** A question for values. */
interface Asked {
  readonly signal: AbortSignal
  readonly options: RenderOptions
}

/** A recipe and the rules for it. */
interface Ready {
  readonly config: VolumeConfig
  readonly recipe: Recipe<PreparedFile>
  readonly allowance: Allowance
}

async function prepared({ clock, sources }: Driver, config: VolumeConfig): Promise<Ready> {
  const allowance = createAllowance(config.ceilings)
  return { config, allowance, recipe: await prepareVolume(config, sources, { clock, allowance }) }
}

/** The way to the values for one rendering, and what notes them on the way. */
interface Access extends Pick<Asked, 'signal'> {
  readonly cached: CacheSession | undefined
  readonly leases: LeaseSession
  readonly resolve: Resolve
  /** See `RenderedVolume`. */
  readonly askedAt: () => number | undefined
  /** When it was opened, as `Clock.elapsed`. */
  readonly since: number
}

function openAccess(
  { clients, clock, lastGood, leases: all }: Driver,
  { name }: Volume,
  { cache, providers }: VolumeConfig,
  { signal, options: { keeping, audit } }: Asked,
): Access {
  const cached =
    cache === 'off' || keeping === 'none'
      ? undefined
      : lastGood.open(name, { maxAgeMs: cache, mayAnswer: keeping === 'use' })
  const leases = all.holderOf({ kind: 'volume', name }).open()
  let oldest: number | undefined
  const around: Around = (instance, next) => {
    const noted: Resolve = async (refs, given) => {
      const outcomes = await next(refs, given)
      oldest = oldestAsked(oldest, outcomes)
      return outcomes
    }
    const leased = leases.around(instance, noted)
    return audit.around(instance, cached === undefined ? leased : cached.around(instance, leased))
  }
  const resolve = clients.resolveFor({ kind: 'volume', name }, providers, around)
  return { signal, cached, leases, resolve, askedAt: () => oldest, since: clock.elapsed() }
}

function oldestAsked(before: number | undefined, outcomes: Outcomes): number | undefined {
  let oldest = before
  for (const outcome of outcomes.values()) {
    const at = outcome.ok ? outcome.secret.askedAt : undefined
    if (at !== undefined && at < (oldest ?? Number.POSITIVE_INFINITY)) oldest = at
  }
  return oldest
}

async function renderPrepared(
  driver: Driver,
  volume: Volume,
  { config, recipe, allowance }: Ready,
  { signal, cached, leases, resolve, askedAt, since }: Access,
): Promise<RenderedVolume> {
  const { clock } = driver
  const { name } = volume
  const { written } = config
  const awaitsCredential = (error: LocketError) => mayCredentialCome(error, driver)
  const rules = { ...written, allowance, awaitsCredential, resolve, clock, signal }
  const rendered = await render(recipe, rules)
  const { templates, unresolved } = rendered
  const content = contentFacts({ templates }, config, rendered.contents)
  const warnings = unresolved
    ? [`unresolved, inject-failure-policy is ${written.policy}: ${unresolved.message}`]
    : []
  driver.emit('volume.ready', {
    volume: name,
    files: rendered.contents.size,
    references: content.references,
    ms: Math.round(clock.elapsed() - since),
  })
  return {
    templates,
    rendered,
    content: { ...content, isSteady: rendered.isSteady, warnings: [...content.warnings, ...warnings] },
    sink: openVolumeSink(rootOf(driver, name), config, driver),
    stale: cached?.stale(),
    askedAt: askedAt(),
    leases,
  }
}
