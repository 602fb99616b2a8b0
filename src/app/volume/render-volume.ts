import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { Around } from '../access/clients.ts'
import type { AccessAudit } from '../audit/audit.ts'
import { createAllowance } from '../../core/volume/ceilings.ts'
import type { StaleValues } from '../last-known-good/session.ts'
import { contentFacts, prepareVolume, type ContentFacts, type PreparedFile } from '../recipe/volume-files.ts'
import { mayCredentialCome } from '../render/deadline.ts'
import { render, type Rendered } from '../render/render.ts'
import { rootOf, type Driver } from './driver.ts'
import { openVolumeSink, type VolumeSink } from '../sinks/volume.ts'
import type { Volume } from './volume-table.ts'

/** A volume's files in memory, and where they go. The caller must call `rendered.wipe`. */
interface RenderedVolume {
  readonly templates: readonly PreparedFile[]
  readonly rendered: Rendered<PreparedFile>
  /** For Status. */
  readonly content: ContentFacts
  readonly sink: VolumeSink
  /** The values that come from the cache, if any do. */
  readonly stale: StaleValues | undefined
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
  { keeping, audit }: RenderOptions,
): Promise<RenderedVolume> {
  const { clock, clients, lastGood, sources } = driver
  const { name } = volume
  const { written } = config
  const start = clock.elapsed()
  const allowance = createAllowance(config.ceilings)
  const recipe = await prepareVolume(config, sources, { clock, allowance })
  const { cache } = config
  const cached =
    cache === 'off' || keeping === 'none'
      ? undefined
      : lastGood.open(name, { maxAgeMs: cache, mayAnswer: keeping === 'use' })
  const around: Around = (instance, next) =>
    audit.around(instance, cached === undefined ? next : cached.around(instance, next))
  const resolve = clients.resolveFor({ kind: 'volume', name }, config.providers, around)
  const awaitsCredential = (error: LocketError) => mayCredentialCome(error, driver)
  const options = { ...written, allowance, awaitsCredential, resolve, clock, signal }
  const rendered = await render(recipe, options).finally(() => void cached?.save())
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
    content: { ...content, warnings: [...content.warnings, ...warnings] },
    sink: openVolumeSink(rootOf(driver, name), config, driver),
    stale: cached?.stale(),
  }
}
