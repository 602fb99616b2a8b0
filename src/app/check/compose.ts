import type { CheckConfig } from '../../config/check-config.ts'
import type { ComposeFile, ComposeVolume, ProviderService } from '../../config/compose/file.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import { mapPath, readEnvironment } from '../recipe/environment.ts'
import { spreadVariables } from '../recipe/field-variables.ts'
import type { FieldsOf } from '../recipe/recipe.ts'
import { contentWarnings } from '../recipe/volume-files.ts'
import type { CheckInput } from './input.ts'
import { note, type Findings } from './place.ts'
import { readVolumeFiles } from './volumes.ts'

interface ComposeCheck {
  readonly input: CheckInput
  readonly config: CheckConfig
  readonly sources: SourceFiles
  /** Largest template of a service, in bytes. */
  readonly maxBytes: number
  readonly found: Findings
}

/** Checks the volumes and services of a compose file. Adds to `found`. Rejects only on a bug. */
export async function checkCompose(compose: ComposeFile, check: ComposeCheck): Promise<void> {
  check.found.problems.push(...compose.problems.map((line) => new LocketError('config', line)))
  for (const volume of compose.volumes) await checkVolume(volume, check)
  for (const service of compose.services) await checkService(service, check)
}

/**
 * Checks a volume with the driver's own code: the problems are those of `docker volume create`. After a wrong
 * option it goes on without that option, so that all problems are found at once.
 */
async function checkVolume({ name, options }: ComposeVolume, check: ComposeCheck): Promise<void> {
  const { input, config, sources, found } = check
  const label = `volume ${name}`
  const volume = config.checkedVolume(options)
  for (const line of volume.problems) note(found, new LocketError('config', line), { volume: name })
  const { providers } = volume.config
  const { files, errors, spread } = await readVolumeFiles(volume.config, sources)
  for (const error of errors) note(found, error, { volume: name })
  const templates = files.map(({ path, template }) => ({
    where: `${input.name}: ${label}: ${path}`,
    template,
  }))
  const { unsure } = volume
  const facts = { volume: name }
  found.places.push({ label: `${input.name}: ${label}`, providers, unsure, templates, spread, facts })
  if (volume.problems.length + errors.length > 0 && files.length === 0) return
  found.warnings.push(...contentWarnings(files, volume.config).map((warning) => `${label}: ${warning}`))
}

async function checkService(written: ProviderService, check: ComposeCheck): Promise<void> {
  const { input, config, sources, maxBytes, found } = check
  const { name } = written
  const label = `service ${name}`
  const { config: service, problems, unsure } = config.checkedService(written)
  for (const line of problems) note(found, new LocketError('config', line), { service: name })
  if (service === undefined) return
  found.warnings.push(...service.warnings.map((warning) => `${label}: ${warning}`))
  const entries = service.entries.map((entry) => mapPath(entry, (named) => beside(input.folder, named)))
  const rules = { parseRef: service.parseRef, maxFileBytes: maxBytes }
  const { variables, errors } = await readEnvironment(entries, rules, sources)
  for (const error of errors) note(found, error, { service: name })
  for (const { origin, template } of variables)
    found.warnings.push(...template.warnings.map((warning) => `${label}: ${origin}: ${warning}`))
  const templates = variables.map((variable) => ({
    where: `${input.name}: ${label}: ${variable.name}`,
    template: variable.template,
  }))
  const { providers } = service
  const spread = (fieldsOf: FieldsOf) => spreadVariables(variables, fieldsOf, service.fieldNames)
  const facts = { service: name }
  found.places.push({ label: `${input.name}: ${label}`, providers, unsure, templates, spread, facts })
}

function beside(folder: string, name: string): string {
  return name.startsWith('/') ? name : `${folder}${name}`
}
