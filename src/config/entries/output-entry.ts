import { normalizePath } from '../../core/plan/paths.ts'
import { STANDARD_STREAM, type MapEntry, type Outputs } from '../../core/plan/output-plan.ts'
import type { RequestedFile } from '../../core/plan/plan.ts'
import type { SettingsOf } from '../../settings/field.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { throwProblems, type Layer, type Problems } from '../layers/layers.ts'
import { parseEntry } from './secret-entry.ts'
import type { outputsSection } from '../sections/outputs.ts'
import { PAIR } from '../layers/toml.ts'

/** Matches the path of a template without a name. The output has the name of the template file. */
const ANONYMOUS = /^@?((?:\/|\.{1,2}\/)[^\n={}]*)$/
const BETWEEN = /[:=]/g
const MOUNT_FLAGS = /:(ro|rw|z|Z)$/

/**
 * Returns the outputs that `map`, `secret` and `out` name, with absolute paths; relative ones begin at `cwd`.
 * Reads no file. Throws one `config` error that lists every entry that cannot be parsed.
 */
export function parseOutputs(
  settings: SettingsOf<typeof outputsSection>,
  layer: Layer,
  cwd: string,
): Outputs {
  const problems: Problems = []
  const originOf = (name: string) => layer.get(name)?.origin ?? name
  const maps = (settings.maps ?? []).flatMap(
    (entry) => parseMapEntry(entry, originOf('map'), cwd, problems) ?? [],
  )
  const isFromToml = layer.get('secret')?.isFromToml === true
  problems.push(...streamProblems(maps))
  const secrets = (settings.secrets ?? []).flatMap(
    (entry) => parseSecretOutput(entry, { origin: originOf('secret'), cwd, isFromToml }, problems) ?? [],
  )
  throwProblems(problems)
  return { maps, secrets, out: absolute(settings.out, cwd) }
}

/** True when standard input or standard output takes part. */
function usesStream({ source, dest }: MapEntry): boolean {
  return source === STANDARD_STREAM || dest === STANDARD_STREAM
}

/** Throws `config` when a map names standard input or output. `why` is the end of the sentence. */
export function refuseStreams({ maps }: Outputs, why: string): void {
  const origin = maps.find(usesStream)?.origin
  if (origin === undefined) return
  throw new LocketError('config', `${origin}: - is standard input or output, ${why}`, {
    hint: 'a file of that name is written ./-',
  })
}

function streamProblems(maps: readonly MapEntry[]): string[] {
  const [twice] = maps.filter(({ source }) => source === STANDARD_STREAM).slice(1)
  const [second] = maps.filter(({ dest }) => dest === STANDARD_STREAM).slice(1)
  const [into] = maps.filter(({ source, isInto }) => source === STANDARD_STREAM && isInto)
  return [
    ...(twice === undefined ? [] : [`${twice.origin}: standard input can be the source of one map only`]),
    ...(second === undefined ? [] : [`${second.origin}: standard output can take one template only`]),
    ...(into === undefined
      ? []
      : [`${into.origin}: standard input has no name: name the file in ${into.dest}`]),
  ]
}

/** Parses `SRC:DST`, `SRC=DST`, or both paths of a TOML table. */
function parseMapEntry(entry: string, origin: string, cwd: string, problems: Problems): MapEntry | undefined {
  const places = entry.includes(PAIR) ? [entry.indexOf(PAIR)] : betweens(entry)
  const [at = -1, ...others] = places
  const source = entry.slice(0, Math.max(at, 0)).trim()
  const dest = entry.slice(at + 1).trim()
  if (others.length > 0)
    problems.push(
      `${origin}: more than one : or = in a map: write it as a table of source and dest in a TOML file`,
    )
  else if (MOUNT_FLAGS.test(dest))
    problems.push(`${origin}: a map takes no :ro or :rw; only volumes of containers do`)
  else if (source === '' || dest === '') problems.push(`${origin}: write SRC:DST or SRC=DST`)
  else
    return {
      source: placeOf(source, cwd),
      dest: placeOf(dest, cwd),
      isInto: dest.endsWith('/'),
      origin: `${origin} ${placeOf(source, cwd)}`,
    }
  return undefined
}

/**
 * Parses `NAME=TEMPLATE`, `NAME=@path` or `/path`. A TOML file may be read in any folder, so a path after `@`
 * must be absolute there.
 */
function parseSecretOutput(
  entry: string,
  {
    origin,
    cwd,
    isFromToml,
  }: { readonly origin: string; readonly cwd: string; readonly isFromToml: boolean },
  problems: Problems,
): RequestedFile | undefined {
  const path = ANONYMOUS.exec(entry)?.[1]
  if (path === undefined) return parseEntry(entry, origin, problems, isFromToml ? undefined : cwd)
  const place = absolute(path, cwd)
  return {
    name: place.slice(place.lastIndexOf('/') + 1),
    source: { kind: 'file', path: place },
    origin: `${origin} ${place}`,
  }
}

/**
 * Returns every index where a map can be split. Where there are several, returns those after or before a
 * STANDARD_STREAM and those before an absolute path.
 */
function betweens(entry: string): number[] {
  const all = [...entry.matchAll(BETWEEN)].map(({ index }) => index)
  if (all.length < 2) return all
  const sure = all.filter((at) => {
    const [source, dest] = [entry.slice(0, at).trim(), entry.slice(at + 1).trim()]
    return source === STANDARD_STREAM || dest === STANDARD_STREAM || dest.startsWith('/')
  })
  return sure.length === 1 ? sure : all
}

function placeOf(path: string, cwd: string): string {
  return path === STANDARD_STREAM ? path : absolute(path, cwd)
}

function absolute(path: string, cwd: string): string {
  return normalizePath(path.startsWith('/') ? path : `${cwd}/${path}`)
}
