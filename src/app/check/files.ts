import type { CheckConfig } from '../../config/check-config.ts'
import type { ComposeFile, ComposeVolume, ProviderService } from '../../config/compose/file.ts'
import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { parseDotenv } from '../../core/text/dotenv.ts'
import type { ErrorFacts } from '../../core/vocabulary/error-facts.ts'
import { addFacts, errnoOf, LocketError, partsOf, toLocketError } from '../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import { parseTemplate } from '../../core/template/parse.ts'
import type { Template } from '../../core/template/template.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import { mapPath, readEnvironment } from '../recipe/environment.ts'
import { spreadVariables } from '../recipe/field-variables.ts'
import type { FieldsOf } from '../recipe/recipe.ts'
import { contentWarnings, prepareVolume } from '../recipe/volume-files.ts'

/** The findings of one file. */
export interface FileReport {
  /** Path as given on the command line. */
  readonly file: string
  readonly kind: 'compose' | 'template'
  /** Number of volumes of locket in a compose file. */
  readonly volumes: number
  readonly services: number
  readonly problems: readonly LocketError[]
  /** Warnings, one line each. */
  readonly warnings: readonly string[]
}

/** A part of the checked files that has references, with the providers that answer them there. */
export interface CheckedPlace {
  /** The file and the volume or service whose providers these are. Empty: the daemon's own. */
  readonly label: string
  readonly providers: readonly ProviderInstance[]
  readonly templates: readonly PlacedTemplate[]
  /** Throws for fields of `*` references that cannot be a file or variable there. See `Recipe`. */
  readonly spread?: ((fieldsOf: FieldsOf) => unknown) | undefined
  /** The volume or service, for errors of `spread`. */
  readonly facts?: ErrorFacts
}

interface PlacedTemplate {
  readonly where: string
  readonly template: Template
}

/** One checked file. */
interface CheckedFile {
  readonly report: FileReport
  readonly places: readonly CheckedPlace[]
}

/** Problems, warnings and references of one file. */
interface Found {
  readonly problems: LocketError[]
  readonly warnings: string[]
  readonly places: CheckedPlace[]
}

/**
 * Checks one file of the command line: a compose file, or else a template. Asks no network. Problems are in
 * the report: it rejects only on a bug.
 */
export async function checkFile(
  path: string,
  config: CheckConfig,
  sources: SourceFiles,
): Promise<CheckedFile> {
  const volume = config.daemon.volumeConfig({})
  const maxBytes = volume.written.maxFileBytes
  const isYaml = /\.ya?ml$/i.test(path)
  try {
    const bytes = await sources.read(path, { maxBytes })
    const compose = isYaml ? await readCompose(path, decode(bytes), config, sources) : undefined
    if (compose === undefined) return checkTemplate(path, bytes, volume)
    const found: Found = { problems: [], warnings: [...compose.warnings], places: [] }
    return await checkCompose({ path, compose, config, sources, maxBytes, found })
  } catch (thrown) {
    return failed(path, isYaml ? 'compose' : 'template', thrown)
  }
}

function checkTemplate(path: string, bytes: Uint8Array, { providers, parseRef }: VolumeConfig): CheckedFile {
  try {
    const template = parseTemplate(bytes, parseRef, path)
    const facts = { file: path, kind: 'template', volumes: 0, services: 0 } as const
    return {
      report: { ...facts, problems: [], warnings: template.warnings },
      places: [{ label: '', providers, templates: [{ where: path, template }] }],
    }
  } catch (thrown) {
    return failed(path, 'template', thrown)
  }
}

function failed(path: string, kind: FileReport['kind'], thrown: unknown): CheckedFile {
  const problems = partsOf(toLocketError(thrown))
  return { report: { file: path, kind, volumes: 0, services: 0, problems, warnings: [] }, places: [] }
}

interface ComposeCheck {
  readonly path: string
  readonly compose: ComposeFile
  readonly config: CheckConfig
  readonly sources: SourceFiles
  readonly maxBytes: number
  readonly found: Found
}

async function checkCompose(check: ComposeCheck): Promise<CheckedFile> {
  const { path, compose, found } = check
  found.problems.push(...compose.problems.map((line) => new LocketError('config', line)))
  for (const volume of compose.volumes) await checkVolume(volume, check)
  for (const service of compose.services) await checkService(service, check)
  const { problems, warnings, places } = found
  const counts = { volumes: compose.volumes.length, services: compose.services.length }
  return { report: { file: path, kind: 'compose', ...counts, problems, warnings }, places }
}

/** Checks a volume with the driver's own code: the problems are those of `docker volume create`. */
async function checkVolume({ name, options }: ComposeVolume, check: ComposeCheck): Promise<void> {
  const { path, config, sources, found } = check
  const label = `volume ${name}`
  try {
    const volume = config.daemon.volumeConfig(options)
    const { templates: files, spread } = await prepareVolume(volume, sources)
    const templates = files.map((file) => ({
      where: `${path}: ${label}: ${file.path}`,
      template: file.template,
    }))
    const facts = { volume: name }
    found.places.push({ label: `${path}: ${label}`, providers: volume.providers, templates, spread, facts })
    found.warnings.push(...contentWarnings(files, volume.written).map((warning) => `${label}: ${warning}`))
  } catch (thrown) {
    note(found, thrown, { volume: name })
  }
}

async function checkService({ name, options }: ProviderService, check: ComposeCheck): Promise<void> {
  const { path, config, sources, maxBytes, found } = check
  const label = `service ${name}`
  const problems: string[] = []
  const service = config.serviceConfig(options, problems)
  for (const line of problems) note(found, new LocketError('config', line), { service: name })
  if (service === undefined) return
  const entries = service.entries.map((entry) => mapPath(entry, (named) => beside(path, named)))
  const rules = { parseRef: service.parseRef, maxFileBytes: maxBytes }
  const { variables, errors } = await readEnvironment(entries, rules, sources)
  for (const error of errors) note(found, error, { service: name })
  for (const { origin, template } of variables)
    found.warnings.push(...template.warnings.map((warning) => `${label}: ${origin}: ${warning}`))
  const templates = variables.map((variable) => ({
    where: `${path}: ${label}: ${variable.name}`,
    template: variable.template,
  }))
  const spread = (fieldsOf: FieldsOf) => spreadVariables(variables, fieldsOf, service.fieldNames)
  const facts = { service: name }
  found.places.push({ label: `${path}: ${label}`, providers: service.providers, templates, spread, facts })
}

/**
 * Reads a compose file with the variables of the environment and, below them, those of the .env file beside
 * it, whose values are taken literally. Returns undefined for a YAML file of another kind.
 */
async function readCompose(
  path: string,
  text: string,
  { composeFile, env }: CheckConfig,
  sources: SourceFiles,
): Promise<ComposeFile | undefined> {
  try {
    const dotenv = decode(await sources.read(beside(path, '.env'), { maxBytes: MAX_DOTENV_BYTES }))
    const entries = parseDotenv(dotenv, '.env').map(({ name, value }) => [name, value])
    return composeFile(text, { ...Object.fromEntries(entries), ...env })
  } catch (thrown) {
    const error = toLocketError(thrown)
    const compose = composeFile(text, env)
    if (compose === undefined || errnoOf(error.cause) === 'ENOENT') return compose
    const warning = `its variables are not used: ${error.message}`
    return { ...compose, warnings: [warning, ...compose.warnings] }
  }
}

const MAX_DOTENV_BYTES = 1024 * 1024

/** Notes each failure by itself, as one of the volume or the service that `facts` name. */
function note({ problems }: Found, thrown: unknown, facts: ErrorFacts): void {
  problems.push(...partsOf(addFacts(toLocketError(thrown), facts)))
}

function beside(path: string, name: string): string {
  return name.startsWith('/') ? name : path.slice(0, path.lastIndexOf('/') + 1) + name
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
