import type { RequestedFile } from '../../core/plan/plan.ts'
import { fieldKind, type Field } from '../../settings/field.ts'
import { flagNames } from '../layers/flags.ts'
import { adviceOn, type Given, type Layer, type Problems } from '../layers/layers.ts'
import { accessEntry, accessOf, isAccessSetting, type AccessEntry } from '../entries/file-access.ts'
import { parseEntry, secretFile, shownName } from '../entries/secret-entry.ts'

/** The driver options of a volume, as the engine passes them. */
export type DriverOptions = Readonly<Record<string, string>>

/** The settings and the files that driver options name. */
export interface ParsedOptions {
  readonly layer: Layer
  readonly files: readonly RequestedFile[]
  /**
   * The modes and owners of single files. They may be for the daemon's default secrets. None when a file is
   * wrong: they would be reported as for no file.
   */
  readonly access: readonly AccessEntry[]
}

/** The beginning of an option that names a file: `secret.db_password`. */
const PREFIX = 'secret.'
/** The setting whose value names the file: `NAME=TEMPLATE`. */
const ENTRY = 'secret'

/**
 * Parses the flat driver options of a volume: `secret.NAME`, `secret-mode.NAME` and `secret-user.NAME`, whose
 * NAME is exact, and settings, in whose names `-` and `_` are alike. Adds to `problems` what is wrong.
 */
export function parseDriverOptions(
  options: DriverOptions,
  fields: readonly Field[],
  problems: Problems,
): ParsedOptions {
  const layer = new Map<string, Given>()
  const files: (RequestedFile | undefined)[] = []
  const access: (AccessEntry | undefined)[] = []
  for (const [option, value] of Object.entries(options)) {
    const origin = `driver option ${shownName(option)}`
    if (option.startsWith(PREFIX)) {
      files.push(secretFile(option.slice(PREFIX.length), value, { origin }, problems))
      continue
    }
    const ofFile = splitOption(option)
    if (ofFile !== undefined && isAccessSetting(ofFile.setting)) {
      access.push(accessOf(ofFile.setting, { name: ofFile.name, text: value }, origin, problems))
      continue
    }
    const field = findField(option, origin, fields, problems)
    if (field === undefined) continue
    if (field.name === ENTRY) {
      // The option is one file. It is not split, because a template can hold any comma or newline.
      files.push(parseEntry(value, origin, problems))
    } else if (isAccessSetting(field.name)) {
      access.push(accessEntry(field.name, value, origin, problems))
    } else if (layer.has(field.name)) {
      problems.push(`${origin}: ${field.name} is set twice`)
    } else {
      layer.set(field.name, { value: fieldKind(field) === 'list' ? [value] : value, origin })
    }
  }
  return {
    layer,
    files: files.filter((file) => file !== undefined),
    access: files.includes(undefined) ? [] : access.filter((entry) => entry !== undefined),
  }
}

/** Splits `SETTING.NAME`. Returns undefined when there is no dot. */
function splitOption(option: string): { readonly setting: string; readonly name: string } | undefined {
  const dot = option.indexOf('.')
  if (dot === -1) return undefined
  return { setting: option.slice(0, dot).replaceAll('_', '-'), name: option.slice(dot + 1) }
}

function findField(
  option: string,
  origin: string,
  fields: readonly Field[],
  problems: Problems,
): Field | undefined {
  const name = option.replaceAll('_', '-')
  const field = fields.find((candidate) => flagNames(candidate).includes(name))
  if (field !== undefined && isPerVolume(field)) return field
  problems.push(
    field === undefined
      ? unknownOption(option, origin, fields)
      : `${origin} is a setting of the daemon, not of a volume: leave it out`,
  )
  return undefined
}

/** Words that people may write in place of `secret-mode` and `secret-user`. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  mode: 'secret-mode',
  'file-mode': 'secret-mode',
  user: 'secret-user',
  owner: 'secret-user',
  uid: 'secret-user',
  gid: 'secret-user',
}

/** Driver options of Docker's own driver. */
const OF_DRIVER_LOCAL: readonly string[] = ['type', 'device', 'o']

function unknownOption(option: string, origin: string, fields: readonly Field[]): string {
  const { setting = '', name = 'NAME' } = splitOption(option) ?? {}
  const meant = Object.hasOwn(OTHER_WORDS, setting) ? OTHER_WORDS[setting] : undefined
  if (OF_DRIVER_LOCAL.includes(option))
    return `${origin} is one of the driver local: locket makes the tmpfs itself, with size, mode and flags`
  if (meant !== undefined) return `${origin} is not known, did you mean ${meant}.${shownName(name)}?`
  const ofFile = [PREFIX, 'secret-mode.', 'secret-user.'].map((prefix) => `${prefix}${name}`)
  const advice = adviceOn(option, [...fields.filter(isPerVolume).flatMap(flagNames), ...ofFile])
  return `${origin} is not known, ${advice === '' ? 'docs/reference/options.md lists them' : advice}`
}

/** True: driver options may set this field for one volume. */
export function isPerVolume(field: Field): boolean {
  return field.driverOption !== false
}
