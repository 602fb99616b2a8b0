import type { RequestedFile } from '../../core/plan/plan.ts'
import type { FileAccess } from '../../core/text/units.ts'
import { nearest } from '../../core/text/nearest.ts'
import { FileMode, FileOwner } from '../../settings/kinds.ts'
import type { Layer, Problems } from '../layers/layers.ts'
import { accessFields } from '../sections/files.ts'
import { shownName, splitEntry } from './secret-entry.ts'

/** The mode or the owner that a setting asks for one file. */
export interface AccessEntry {
  /** The name of the file, exactly as its secret has it. */
  readonly name: string
  /** Holds one of both. */
  readonly access: FileAccess
  readonly origin: string
}

/** The settings whose entries are `NAME=MODE` and `NAME=UID:GID`, and what their values are. */
const SCHEMAS = { mode: FileMode, owner: FileOwner } as const
/** By the name of the setting. */
const KEYS: ReadonlyMap<string, keyof FileAccess> = new Map([
  [accessFields.secretModes.name, 'mode'],
  [accessFields.secretUsers.name, 'owner'],
])

/** True for the settings `secret-mode` and `secret-user`. */
export function isAccessSetting(setting: string): boolean {
  return KEYS.has(setting)
}

/**
 * Parses a mode or an owner. Returns undefined and adds to `problems` when it is wrong. Special bits and a
 * mode that lets everyone write are wrong.
 */
export function parseAccess(
  key: keyof FileAccess,
  text: string,
  origin: string,
  problems: Problems,
): FileAccess | undefined {
  const parsed = SCHEMAS[key].safeParse(text)
  if (parsed.success) return { [key]: parsed.data }
  problems.push(...parsed.error.issues.map(({ message }) => `${origin}: ${message}`))
  return undefined
}

/** Parses the value of `secret-mode.NAME` or `secret-user.NAME`. */
export function accessOf(
  setting: string,
  { name, text }: { readonly name: string; readonly text: string },
  origin: string,
  problems: Problems,
): AccessEntry | undefined {
  const key = KEYS.get(setting)
  const access = key && parseAccess(key, text, origin, problems)
  return access && { name, access, origin }
}

/** Parses an entry `NAME=VALUE` of `secret-mode` or `secret-user`. */
export function accessEntry(
  setting: string,
  entry: string,
  origin: string,
  problems: Problems,
): AccessEntry | undefined {
  const parts = splitEntry(entry)
  if (parts !== undefined)
    return accessOf(
      setting,
      { ...parts, text: parts.text.trim() },
      `${origin} ${shownName(parts.name)}`,
      problems,
    )
  problems.push(`${origin}: write ${KEYS.get(setting) === 'mode' ? 'NAME=MODE' : 'NAME=UID:GID'}`)
  return undefined
}

/** Parses both settings of a layer. */
export function accessEntries(layer: Layer, problems: Problems): readonly AccessEntry[] {
  return [...KEYS.keys()].flatMap((setting) => {
    const given = layer.get(setting)
    const entries = [given?.value ?? []].flat()
    return entries.flatMap((entry) => accessEntry(setting, entry, given?.origin ?? setting, problems) ?? [])
  })
}

/** A search for a similar name takes time, and only the first problems are shown. */
const MOST_ADVICE = 10

/**
 * Returns the files with the modes and owners that were asked for by name. Adds to `problems` each entry that
 * names no file, and each second entry for one file. Names are compared in Unicode's NFC form.
 */
export function withAccess(
  files: readonly RequestedFile[],
  asked: readonly AccessEntry[],
  problems: Problems,
): readonly RequestedFile[] {
  const known = new Set(files.map(({ name }) => normal(name)))
  const found = new Map<string, FileAccess>()
  let unknown = 0
  for (const { name, access, origin } of asked) {
    const before = found.get(normal(name)) ?? {}
    if (!known.has(normal(name))) {
      unknown += 1
      const near = unknown > MOST_ADVICE ? undefined : nearest(name, known)
      const advice = near === undefined ? 'no secret has this name' : `did you mean ${shownName(near)}?`
      problems.push(`${origin} is for no file: ${advice}`)
    } else if (Object.keys(access).some((key) => key in before)) problems.push(`${origin} is set twice`)
    else found.set(normal(name), { ...before, ...access })
  }
  return files.map((file) => {
    const own = found.get(normal(file.name))
    return own === undefined ? file : { ...file, access: { ...file.access, ...own } }
  })
}

function normal(name: string): string {
  return name.normalize('NFC')
}
