import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { Around } from '../access/clients.ts'
import type { AccessAudit } from '../audit/audit.ts'
import { createAllowance, type Allowance } from '../../core/volume/ceilings.ts'
import { uniqueRefs } from '../../core/vocabulary/resolve.ts'
import { fingerprintOf } from '../../core/template/fingerprint.ts'
import type { LeaseSession } from '../leases/holder.ts'
import type { StaleValues } from '../last-known-good/session.ts'
import type { Recipe } from '../recipe/recipe.ts'
import { contentFacts, prepareVolume, type ContentFacts, type PreparedFile } from '../recipe/volume-files.ts'
import { mayCredentialCome } from '../render/deadline.ts'
import { render, type Rendered } from '../render/render.ts'
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
  return renderPrepared(driver, volume, await prepared(driver, config), { signal, options })
}

/** The versions that are in place, as a refresh knows them. */
export interface Seen {
  /** Templates and versions. Undefined: not known. */
  text: string | undefined
  /** The time of the last question for the values, as `Clock.elapsed`. */
  at: number
}

/**
 * Milliseconds after which the values are asked for although their versions are the same, in case that a
 * server does not count a change.
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
 * Does the same, unless the providers can tell by a cheaper question that nothing has changed since `seen`:
 * then it resolves with undefined. The caller stores the `seen` of the answer when it is in place.
 */
export async function renderIfChanged(
  driver: Driver,
  volume: Volume,
  config: VolumeConfig,
  { seen, signal, options }: Asked & { readonly seen: Readonly<Seen> },
): Promise<(RenderedVolume & { readonly seen: Seen }) | undefined> {
  const { clients, clock } = driver
  const ready = await prepared(driver, config)
  const { templates } = ready.recipe
  const at = clock.elapsed()
  const fingerprint = fingerprintOf(templates)
  const refs = uniqueRefs(templates.flatMap(({ template }) => template.refs))
  // The versions are asked for before the values: a change in between is seen at the next refresh.
  const caller = { kind: 'volume', name: volume.name } as const
  const versions =
    fingerprint === undefined
      ? undefined
      : await clients.versionsOf(caller, config.providers, { refs, signal })
  const text = versions === undefined ? undefined : `${fingerprint} ${versions}`
  if (text !== undefined && text === seen.text && at - seen.at < longestUnaskedMs(config)) return undefined
  return { ...(await renderPrepared(driver, volume, ready, { signal, options })), seen: { text, at } }
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

async function renderPrepared(
  driver: Driver,
  volume: Volume,
  { config, recipe, allowance }: Ready,
  { signal, options: { keeping, audit } }: Asked,
): Promise<RenderedVolume> {
  const { clock, clients, lastGood } = driver
  const { name } = volume
  const { written } = config
  const start = clock.elapsed()
  const { cache } = config
  const cached =
    cache === 'off' || keeping === 'none'
      ? undefined
      : lastGood.open(name, { maxAgeMs: cache, mayAnswer: keeping === 'use' })
  const leases = driver.leases.holderOf({ kind: 'volume', name }).open()
  const around: Around = (instance, next) => {
    const leased = leases.around(instance, next)
    return audit.around(instance, cached === undefined ? leased : cached.around(instance, leased))
  }
  const resolve = clients.resolveFor({ kind: 'volume', name }, config.providers, around)
  const awaitsCredential = (error: LocketError) => mayCredentialCome(error, driver)
  const rules = { ...written, allowance, awaitsCredential, resolve, clock, signal }
  const rendered = await render(recipe, rules)
    .catch((thrown: unknown) => {
      leases.dropped()
      throw thrown
    })
    .finally(() => void cached?.save())
  const { templates, unresolved } = rendered
  const content = contentFacts({ templates }, config, rendered.contents)
  const warnings = unresolved
    ? [`unresolved, inject-failure-policy is ${written.policy}: ${unresolved.message}`]
    : []
  driver.emit('volume.ready', {
    volume: name,
    files: rendered.contents.size,
    references: content.references,
    ms: Math.round(clock.elapsed() - start),
  })
  return {
    templates,
    rendered,
    content: { ...content, isSteady: rendered.isSteady, warnings: [...content.warnings, ...warnings] },
    sink: openVolumeSink(rootOf(driver, name), config, driver),
    stale: cached?.stale(),
    leases,
  }
}
