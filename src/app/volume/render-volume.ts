import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import { createAllowance } from '../../core/volume/ceilings.ts'
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
}

/**
 * Reads templates, fetches all references as one batch and renders in memory. Nothing is mounted or written.
 */
export async function renderVolume(
  driver: Driver,
  volume: Volume,
  config: VolumeConfig,
  signal: AbortSignal,
): Promise<RenderedVolume> {
  const { clock, clients, sources } = driver
  const { name } = volume
  const { written } = config
  const start = clock.elapsed()
  const allowance = createAllowance(config.ceilings)
  const recipe = await prepareVolume(config, sources, { clock, allowance })
  const resolve = clients.resolveFor({ kind: 'volume', name }, config.providers)
  const awaitsCredential = (error: LocketError) => mayCredentialCome(error, driver)
  const rendered = await render(recipe, { ...written, allowance, awaitsCredential, resolve, clock, signal })
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
  }
}
