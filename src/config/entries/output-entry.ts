import { normalizePath } from '../../core/plan/paths.ts'
import { STANDARD_STREAM, type MapEntry, type Outputs } from '../../core/plan/output-plan.ts'
import type { RequestedFile } from '../../core/plan/plan.ts'
import type { SettingsOf } from '../../settings/field.ts'
import { throwProblems, type Layer, type Problems } from '../layers/layers.ts'
import { accessEntries, parseAccess, withAccess } from './file-access.ts'
import { parseEntry } from './secret-entry.ts'
import { streamProblems } from './stream-entry.ts'
import type { outputsSection } from '../sections/outputs.ts'
import { CELL } from '../layers/toml.ts'

/** Matches the path of a template without a name. The output has the name of the template file. */
const ANONYMOUS = /^@?((?:\/|\.{1,2}\/)[^\n={}]*)$/
const BETWEEN = /[:=]/g
const MOUNT_FLAGS = /:(ro|rw|z|Z)$/
/** Matches mode and owner behind the two paths, and what is written for them in other tools. */
const ACCESS = /:(mode|user|uid|gid|owner|chmod|chown)=/
const ACCESS_PART = /^(mode|user)=(.*)$/

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
  const before = problems.length
  const named = (settings.secrets ?? []).flatMap(
    (entry) => parseSecretOutput(entry, { origin: originOf('secret'), cwd, isFromToml }, problems) ?? [],
  )
  // A wrong secret is reported already: its mode would be reported as one for no file.
  const isSound = problems.length === before
  const access = accessEntries(layer, problems)
  const secrets = isSound ? withAccess(named, access, problems) : named
  throwProblems(problems)
  return { maps, secrets, out: absolute(settings.out, cwd) }
}

/** Parses `SRC:DST` or `SRC=DST`, with `:mode=MODE` and `:user=UID:GID` behind it, or a TOML table. */
function parseMapEntry(entry: string, origin: string, cwd: string, problems: Problems): MapEntry | undefined {
  const cells = entry.split(CELL)
  const [source = '', dest = '', mode = '', user = ''] = cells
  if (cells.length > 1) return mapEntry({ source, dest, mode, user }, { origin, cwd }, problems)
  const end = ACCESS.exec(entry)?.index ?? entry.length
  const access = accessParts(entry.slice(end))
  if (access === undefined) {
    problems.push(
      `${origin}: write :mode=MODE and :user=UID:GID behind DST, each at most once; write paths with such a part as a table of source and dest in a TOML file`,
    )
    return undefined
  }
  const paths = entry.slice(0, end)
  const [at = -1, ...others] = betweens(paths)
  if (others.length > 0) {
    problems.push(
      `${origin}: more than one : or = in a map: write it as a table of source and dest in a TOML file`,
    )
    return undefined
  }
  const pair = { source: paths.slice(0, Math.max(at, 0)).trim(), dest: paths.slice(at + 1).trim() }
  if (MOUNT_FLAGS.test(pair.dest)) {
    problems.push(`${origin}: a map takes no :ro or :rw; only volumes of containers do`)
    return undefined
  }
  return mapEntry({ ...pair, ...access }, { origin, cwd }, problems)
}

interface MapTexts {
  readonly source: string
  readonly dest: string
  /** Empty: not given. */
  readonly mode: string
  readonly user: string
}

function mapEntry(
  { source, dest, mode, user }: MapTexts,
  { origin, cwd }: { readonly origin: string; readonly cwd: string },
  problems: Problems,
): MapEntry | undefined {
  if (source === '' || dest === '' || `${source}${dest}`.includes('\0')) {
    problems.push(`${origin}: write SRC:DST or SRC=DST, the template and the file made from it`)
    return undefined
  }
  const place = placeOf(source, cwd)
  const named = `${origin} ${place}`
  const access = {
    ...(mode === '' ? {} : parseAccess('mode', mode, named, problems)),
    ...(user === '' ? {} : parseAccess('owner', user, named, problems)),
  }
  return {
    source: place,
    dest: placeOf(dest, cwd),
    isInto: dest.endsWith('/'),
    ...(Object.keys(access).length === 0 ? {} : { access }),
    origin: named,
  }
}

/**
 * Parses `:mode=0440:user=1000:1000`, in any order. Returns undefined when it is anything else. The values
 * are not checked.
 */
function accessParts(text: string): Pick<MapTexts, 'mode' | 'user'> | undefined {
  const found = { mode: '', user: '' }
  for (const part of text.split(/:(?=[a-z])/).slice(1)) {
    const [, key, value = ''] = ACCESS_PART.exec(part.trim()) ?? []
    if ((key !== 'mode' && key !== 'user') || value === '' || found[key] !== '') return undefined
    found[key] = value
  }
  return found
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
