import { basename, dirname, joinPath, liesUnder } from './paths.ts'
import { LocketError } from '../vocabulary/errors.ts'
import { collisions, nameProblem, planFiles, type RequestedFile, type SecretSource } from './plan.ts'
import type { FileAccess } from '../text/units.ts'
import type { Place, SourceListing } from '../ports/files.ts'

/** The source that is standard input, and the output that is standard output. No other place is relative. */
export const STANDARD_STREAM = '-'

/**
 * A template and its output file, or a folder of templates and its output folder. Places are paths, absolute
 * and normalized, or STANDARD_STREAM.
 */
export interface MapEntry {
  readonly source: string
  readonly dest: string
  /**
   * True when `dest` was written with a slash at its end: a single template keeps its name in that folder.
   */
  readonly isInto: boolean
  /** The mode and the owner of every file of this map. */
  readonly access?: FileAccess | undefined
  /** The setting or flag of the entry, for messages. */
  readonly origin: string
}

/** Everything that a command writes at paths that the user names. */
export interface Outputs {
  readonly maps: readonly MapEntry[]
  /** Files that are written below `out`. */
  readonly secrets: readonly RequestedFile[]
  /** Absolute path of a folder. */
  readonly out: string
}

/** True when something is to be written. */
export function hasOutputs({ maps, secrets }: Outputs): boolean {
  return maps.length + secrets.length > 0
}

/** The place of a template: `stream` is standard input. */
export type OutputSource = SecretSource | { readonly kind: 'stream' }

/** A template that is written to standard output. */
export interface PlannedStream {
  readonly source: OutputSource
  readonly origin: string
}

/** One file that will be written, and its template. */
export interface PlannedOutput extends PlannedStream, Place {
  /** Absolute path of the file. */
  readonly target: string
  /** The name of a secret as the user wrote it, with which `path` ends. A file of a map has none. */
  readonly name?: string
  readonly access?: FileAccess | undefined
}

interface Named {
  readonly path: string
  readonly origin: string
}

/**
 * Checks what needs no access to the disk. Throws one `plan_conflict` that lists invalid names, secrets with
 * the same name, outputs inside a source, and sources inside an output. `real` returns the path with links
 * followed, for a second check; by default paths are taken as written.
 */
export function checkPlaces(outputs: Outputs, real: (path: string) => string = asWritten): void {
  planFiles(outputs.secrets)
  const targets = outputTargets(outputs)
  const problems = sourcesOf(outputs).flatMap((source) =>
    targets.flatMap((target) => nestingProblem(source, target, real) ?? []),
  )
  if (problems.length > 0) throw new LocketError('plan_conflict', problems.join('; '))
}

/** Returns the paths of all templates and template folders, each once. Standard input is none of them. */
export function sourcePaths(outputs: Outputs): readonly string[] {
  return [...new Set(sourcesOf(outputs).map(({ path }) => path))]
}

/** Returns the paths of output files and output folders. Standard output is none of them. */
export function outputPaths(outputs: Outputs): readonly string[] {
  return outputTargets(outputs).map(({ path }) => path)
}

/**
 * Returns the files to write, each with its template. `found` says what exists at the source of each map; a
 * missing source has no output. `taken` are other files that the command writes. Throws one `plan_conflict`
 * that lists files with two sources, files where folders are needed, and invalid names. Maps to standard
 * output are left out.
 */
export function planOutputs(
  outputs: Outputs,
  found: ReadonlyMap<string, SourceListing>,
  taken: readonly Named[] = [],
): readonly PlannedOutput[] {
  const problems: string[] = []
  const planned = [
    ...outputs.maps
      .filter(({ dest }) => dest !== STANDARD_STREAM)
      .flatMap((map) => planMap(map, found.get(map.source), problems)),
    ...outputs.secrets.map(({ name, source, access, origin }) => ({
      ...output(outputs.out, name, { source, access, origin }),
      name,
    })),
  ]
  problems.push(...collisions([...planned.map(({ target, origin }) => ({ path: target, origin })), ...taken]))
  if (problems.length > 0) throw new LocketError('plan_conflict', problems.join('; '))
  return planned
}

/**
 * Returns the templates that are written to standard output: one at most. A missing file is none. Throws
 * `plan_conflict` for a folder.
 */
export function planStreams(
  { maps }: Outputs,
  found: ReadonlyMap<string, SourceListing>,
): readonly PlannedStream[] {
  return maps.flatMap(({ source, dest, origin }): PlannedStream[] => {
    if (dest !== STANDARD_STREAM) return []
    if (source === STANDARD_STREAM) return [{ source: { kind: 'stream' }, origin }]
    const kind = found.get(source)?.kind
    if (kind === 'folder')
      throw new LocketError('plan_conflict', `${origin}: a folder cannot be written to standard output`)
    return kind === 'file' ? [{ source: { kind: 'file', path: source }, origin }] : []
  })
}

function planMap(map: MapEntry, listing: SourceListing | undefined, problems: string[]): PlannedOutput[] {
  const { source, dest, isInto, access, origin } = map
  if (source === STANDARD_STREAM)
    return [output(dirname(dest), basename(dest), { source: { kind: 'stream' }, access, origin })]
  if (listing?.kind === 'file') {
    const file = { source: { kind: 'file', path: source }, access, origin } as const
    return [isInto ? output(dest, basename(source), file) : output(dirname(dest), basename(dest), file)]
  }
  if (listing?.kind !== 'folder') return []
  return listing.files.flatMap((name) => {
    const path = joinPath(source, name)
    const problem = nameProblem(name)
    if (problem !== undefined) {
      problems.push(`${origin}: file name ${JSON.stringify(name)} ${problem}`)
      return []
    }
    return [output(dest, name, { source: { kind: 'file', path, within: [source] }, access, origin: path })]
  })
}

/**
 * `named`: the folder that the user gave. Links above it are followed; links at `named` and below it are not.
 */
function output(
  named: string,
  name: string,
  file: Pick<PlannedOutput, 'source' | 'access' | 'origin'>,
): PlannedOutput {
  const target = joinPath(named, name)
  const folder = dirname(named)
  return { ...file, target, folder, path: target.slice(folder === '/' ? 1 : folder.length + 1) }
}

function sourcesOf({ maps, secrets }: Outputs): readonly Named[] {
  return [
    ...maps.flatMap(({ source, origin }) => pathOf(source, origin)),
    ...secrets.flatMap(({ source, origin }) =>
      source.kind === 'file' ? [{ path: source.path, origin }] : [],
    ),
  ]
}

function outputTargets({ maps, secrets, out }: Outputs): readonly Named[] {
  return [
    ...maps.flatMap(({ dest, origin }) => pathOf(dest, origin)),
    ...secrets.map(({ name, origin }) => ({ path: joinPath(out, name), origin })),
  ]
}

function pathOf(path: string, origin: string): readonly Named[] {
  return path === STANDARD_STREAM ? [] : [{ path, origin }]
}

function nestingProblem(source: Named, target: Named, real: (path: string) => string): string | undefined {
  const [from, to] = [real(source.path), real(target.path)]
  const what = `${target.origin}: the output ${target.path}`
  if (from === to) return `${what} is also the source of ${source.origin}`
  if (liesUnder(to, from)) return `${what} lies inside the source ${source.path}`
  if (liesUnder(from, to)) return `${what} has the source ${source.path} inside it`
  return undefined
}

function asWritten(path: string): string {
  return path
}
