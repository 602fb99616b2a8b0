import type { CheckConfig } from '../../config/check-config.ts'
import { addFacts, LocketError, partsOf, toLocketError } from '../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import { unreachableWarning } from '../../core/volume/container-users.ts'
import { openDeadline } from '../render/deadline.ts'
import { allRefOf } from '../recipe/fields.ts'
import { recipeOf } from '../recipe/recipe.ts'
import { asksOf, hasReference, resultsOf, unaskedOf, type Ask } from './asks.ts'
import { checkFile, type CheckedFile, type FileReport } from './files.ts'
import { findCompose, inputOf, NO_COMPOSE, type InputDeps } from './input.ts'
import type { CheckedPlace } from './place.ts'
import { askProvider, type ProviderAnswer, type CheckDeps } from './providers.ts'
import type { CheckReport } from './report.ts'
import { checkSwarm, type SwarmToCheck } from './swarm.ts'
import { readVolumeFiles } from './volumes.ts'

/** A request to check files and providers. */
interface CheckRequest {
  readonly config: CheckConfig
  /** Paths of files and folders, and `-` for standard input. Empty: the compose file here. */
  readonly paths: readonly string[]
  /** True: without paths only the configuration is checked. */
  readonly isAlone?: true
  /** Left out: no Swarm is checked. */
  readonly swarm?: SwarmToCheck
  readonly offline: boolean
  readonly strict: boolean
  /** Milliseconds that all providers have together. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Checks settings and files and, unless `offline`, providers and references. Problems are in the report: it
 * rejects only on a bug.
 */
export async function check(request: CheckRequest, deps: CheckDeps & InputDeps): Promise<CheckReport> {
  const { config, paths, strict } = request
  const own = await defaultSecrets(config, deps.sources)
  const isSearched = paths.length === 0 && request.isAlone !== true
  const checked = await checkFiles(paths, isSearched, config, deps)
  const swarm = request.swarm && (await checkSwarm(request.swarm, config, request.signal))
  const places = [own.place, ...checked.flatMap((file) => file.places), ...(swarm?.places ?? [])]
  const asks = asksOf(places, config.isConfigured)
  const answers = request.offline ? undefined : await askAll(asks, request, deps)
  const isNothing =
    swarm === undefined &&
    checked.length + asks.length + config.configFiles.length + own.place.templates.length === 0
  const unplaced = (place: CheckedPlace) => fieldErrors(place, asks, answers)
  return {
    configFiles: config.configFiles,
    config: [
      ...config.problems.map((line) => new LocketError('config', line)),
      ...own.errors,
      ...unplaced(own.place),
      ...(isNothing ? [nothingToCheck()] : []),
    ],
    warnings: [...config.warnings, ...own.warnings],
    files: reportsOf(
      checked.map((file) => ({
        ...file,
        report: { ...file.report, problems: [...file.report.problems, ...file.places.flatMap(unplaced)] },
      })),
    ),
    ...(swarm === undefined ? {} : { swarm: swarm.report }),
    notes: isSearched && checked.length === 0 && !isNothing ? [`${NO_COMPOSE} here`] : [],
    providers: asks.flatMap((ask) => {
      const probe = answers?.get(ask)?.probe
      return probe === undefined ? [] : [{ name: ask.name, ...probe }]
    }),
    references: [...asks.flatMap((ask) => resultsOf(ask, answers?.get(ask))), ...unaskedOf(places)],
    strict,
  }
}

/** Reads the secrets that every volume gets, with the providers of the configuration. */
async function defaultSecrets(config: CheckConfig, sources: SourceFiles) {
  const volume = config.daemon.volumeConfig({})
  const { providers } = volume
  const { files, errors, spread } = await readVolumeFiles(volume, sources)
  const templates = files.map(({ origin, template }) => ({ where: `configuration: ${origin}`, template }))
  const place: CheckedPlace = { label: '', providers, templates, spread }
  return { place, errors, warnings: recipeOf(files, unreachableWarning(files, volume.written)).warnings }
}

/** Checks the files that were named, or else the compose file of the working directory, if there is one. */
async function checkFiles(
  paths: readonly string[],
  isSearched: boolean,
  config: CheckConfig,
  deps: InputDeps,
): Promise<readonly CheckedFile[]> {
  const { maxFileBytes } = config.daemon.volumeConfig({}).written
  const found = isSearched ? await findCompose('.', maxFileBytes, deps) : undefined
  const inputs = await Promise.all(paths.map((path) => inputOf(path, maxFileBytes, deps)))
  const all = found === undefined || found === 'no folder' ? inputs : [found]
  return await Promise.all(all.map((input) => checkFile(input, config, deps.sources)))
}

/**
 * Returns the reports. A file without anything of locket is a problem when the other files have nothing
 * either: the driver may have a name that was not given. Beside a file of locket it is a warning.
 */
function reportsOf(checked: readonly CheckedFile[]): readonly FileReport[] {
  const isAny = checked.some(hasContent)
  return checked.map((file) => {
    const { report } = file
    if (hasContent(file) || report.problems.length > 0) return report
    const [nothing, hint] =
      report.kind === 'compose'
        ? [
            'it has no volume with driver: locket and no service with provider type: locket',
            '--driver NAME tells another name of the driver',
          ]
        : ['it has no reference', 'a reference is written {{ scheme://path }}']
    if (isAny) return { ...report, warnings: [...report.warnings, nothing] }
    return { ...report, problems: [new LocketError('config', nothing, { hint })] }
  })
}

function hasContent({ report, places }: CheckedFile): boolean {
  return report.volumes + report.services > 0 || hasReference(places)
}

function nothingToCheck(): LocketError {
  return new LocketError('config', `there is nothing to check: ${NO_COMPOSE} here`, {
    hint: 'name a compose file, a template, or a configuration file with --config',
  })
}

async function askAll(
  asks: readonly Ask[],
  { timeoutMs, signal }: CheckRequest,
  deps: CheckDeps,
): Promise<ReadonlyMap<Ask, ProviderAnswer>> {
  using deadline = openDeadline(timeoutMs, deps.clock, signal)
  const answers = asks.map(async (ask): Promise<[Ask, ProviderAnswer]> => {
    const refs = [...ask.wanted.values()].map(({ ref }) => ref)
    return [ask, await askProvider(ask.instance, refs, deps, deadline.signal)]
  })
  return new Map(await Promise.all(answers))
}

/** Returns the errors of fields that cannot be a file or variable. Fields that are not known are left out. */
function fieldErrors(
  { providers, spread, facts = {} }: CheckedPlace,
  asks: readonly Ask[],
  answers: ReadonlyMap<Ask, ProviderAnswer> | undefined,
): readonly LocketError[] {
  try {
    spread?.((template) => {
      const ref = allRefOf(template)
      const key = providers.find(({ name }) => name === ref?.provider)?.key
      const ask = asks.find(({ instance }) => instance.key === key)
      return ask && ref && answers?.get(ask)?.fields.get(ref.id)
    })
    return []
  } catch (thrown) {
    return partsOf(addFacts(toLocketError(thrown), facts))
  }
}
