import { LocketError } from '../../core/vocabulary/errors.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import type { ProviderDef } from '../../providers/define.ts'
import { localSettings } from '../../providers/local/local.ts'
import { fieldKind, type Field, type SettingsOf } from '../../settings/field.ts'
import { defaultLayer } from '../layers/defaults.ts'
import { mergeLayers, parseSection, type Given, type Layer } from '../layers/layers.ts'

/** The folder of locket's configuration, as a plugin sees it. */
export const USUAL_FOLDER = '/etc/locket'

/** The settings of one provider, as far as they are known, for a new configuration file. */
export interface Setup {
  readonly def: ProviderDef
  /** Absolute path of the folder for the configuration. */
  readonly folder: string
  /** The settings by name, as a user writes them. Instead of a secret: `file:` and the path of its file. */
  readonly answers: Map<string, string>
  /** The secrets to store, by the names of their settings. The caller must wipe them. */
  readonly secrets: Map<string, Secret>
  /** Names of settings that were asked for and left out. */
  readonly skipped: Set<string>
}

/**
 * Starts a setup with the settings of flags and environment. Returns the wrong ones too, one line each. A
 * credential of the environment becomes a file.
 */
export function beginSetup(
  def: ProviderDef,
  given: Layer,
  folder: string,
): { readonly setup: Setup; readonly problems: readonly string[] } {
  const setup: Setup = { def, folder, answers: new Map(), secrets: new Map(), skipped: new Set() }
  const problems: string[] = []
  for (const field of fieldsOfDef(def)) {
    const text = textOf(field, given.get(field.name), folder)
    if (text === undefined) continue
    const problem = answer(setup, field, text)
    if (problem !== undefined) problems.push(`${given.get(field.name)?.origin ?? field.name}: ${problem}`)
  }
  return { setup, problems }
}

/** Returns the settings without which no reference of the provider works, in the order of declaration. */
export function missingFields(setup: Setup): readonly Field[] {
  const lines = setup.def.check(parsed(setup))
  return fieldsOfDef(setup.def).filter(
    ({ name }) => !setup.answers.has(name) && lines.some((line) => line.startsWith(`${name} `)),
  )
}

/**
 * Returns the next setting to ask a person for, or undefined. The answer to one can make another necessary,
 * like that to `bao-auth-method`.
 */
export function nextQuestion(setup: Setup): Field | undefined {
  const missing = new Set(missingFields(setup))
  return fieldsOfDef(setup.def).find(
    (field) =>
      missing.has(field) ||
      (field.isAsked === true && !setup.answers.has(field.name) && !setup.skipped.has(field.name)),
  )
}

/**
 * Takes the answer for a setting: a text, or the bytes of a secret, which the setup then owns. Returns the
 * reason why it is wrong, or undefined. An empty text leaves out a setting that may be left out.
 */
export function answer(setup: Setup, field: Field, given: string | Uint8Array): string | undefined {
  if (typeof given !== 'string') return takeSecret(setup, field, given)
  const text = given.trim()
  if (text === '' && field.isAsked === true) {
    setup.skipped.add(field.name)
    return undefined
  }
  if (isHidden(field) && !text.startsWith('file:'))
    return takeSecret(setup, field, new TextEncoder().encode(text))
  const result = field.schema.safeParse(text)
  if (!result.success) return result.error.issues.map(({ message }) => message).join(', ')
  setup.answers.set(field.name, text)
  return undefined
}

/** True for a credential that nobody may see. */
export function isHidden(field: Field): boolean {
  return field.credential === true && field.isPublic !== true
}

/** Returns the path of the file that will hold the secret of a setting. */
export function tokenPath({ folder }: Pick<Setup, 'folder'>, name: string): string {
  return `${folder}/tokens/${name}`
}

/** Throws one `config` error when settings are still missing or contradict each other. */
export function checkSetup(setup: Setup): void {
  const lines = setup.def.check(parsed(setup))
  if (lines.length === 0) return
  const flags = missingFields(setup).map((field) => (isHidden(field) ? '--token-file' : `--${field.name}`))
  throw new LocketError('config', lines.join('; '), {
    hint: flags.length === 0 ? undefined : `give ${[...new Set(flags)].join(', ')}`,
  })
}

/** Returns the parsed settings of the provider. Wrong answers are refused before they become settings. */
export function parsed(setup: Setup) {
  return parseSection(setup.def.settings, layerOf(setup), [])
}

/** The files of the embedded store. */
export type StorePaths = SettingsOf<typeof localSettings>

/** Returns the files of the embedded store; undefined for another provider. */
export function storeOf(setup: Setup): StorePaths | undefined {
  return setup.def.settings === localSettings ? parseSection(localSettings, layerOf(setup), []) : undefined
}

function layerOf({ def, answers }: Setup): Layer {
  const layer: Layer = new Map(
    Array.from(answers, ([name, value]): [string, Given] => [name, { value, origin: name }]),
  )
  const defaults = defaultLayer(fieldsOfDef(def), { env: {}, isRoot: true })
  return mergeLayers({ flag: layer, default: defaults })
}

function fieldsOfDef({ settings }: ProviderDef): readonly Field[] {
  return Object.values(settings.fields)
}

/** Returns the text of a setting. If none is given, a file of the store is in the folder, a switch is on. */
function textOf(field: Field, given: Given | undefined, folder: string): string | undefined {
  if (given !== undefined) return [given.value].flat().join(',')
  if (fieldKind(field) === 'switch') return 'true'
  return field.userDefault === undefined || folder === USUAL_FOLDER
    ? undefined
    : `${folder}/${field.userDefault}`
}

/** Tokens have no spaces and no control characters. The limit keeps out a file that was named by mistake. */
const LONGEST_TOKEN = 64 * 1024
const SPACE = 32

function takeSecret(setup: Setup, { name }: Field, bytes: Uint8Array): string | undefined {
  const problem = tokenProblem(bytes)
  if (problem !== undefined) {
    bytes.fill(0)
    return problem
  }
  setup.secrets.get(name)?.wipe()
  setup.secrets.set(name, new Secret(trimmed(bytes)))
  setup.answers.set(name, `file:${tokenPath(setup, name)}`)
  return undefined
}

/** Returns the bytes without spaces and newlines at both ends. It is a part of the same memory. */
function trimmed(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte > SPACE)
  return bytes.subarray(start, bytes.findLastIndex((byte) => byte > SPACE) + 1)
}

function tokenProblem(bytes: Uint8Array): string | undefined {
  if (bytes.length > LONGEST_TOKEN) return `a token of more than ${LONGEST_TOKEN} bytes cannot be right`
  if (bytes.every((byte) => byte <= SPACE)) return 'the token is empty'
  if (bytes.includes(0)) return 'the token holds a NUL byte'
  return undefined
}
