import { LocketError } from '../../core/vocabulary/errors.ts'
import { nearest } from '../../core/text/nearest.ts'
import type { Schema } from '../../settings/schema.ts'
import { Environment, FolderPath, ProjectId, SecretType } from './shapes.ts'

/** A folder and a type of secrets: one list answers for exactly that. */
export interface Folder {
  readonly environment: string
  readonly path: string
  readonly projectId: string
  readonly type: SecretType
}

/** A complete reference to one secret. */
export interface InfisicalReference extends Folder {
  /** The name of the secret, decoded. With `isAll` it is `*`. */
  readonly key: string
  /** All secrets of the folder. A secret that is named `*` is written `%2A`. */
  readonly isAll?: true
}

/** The values for the options that a reference leaves out. */
export type Defaults = { readonly [K in keyof Folder]?: Folder[K] | undefined }

const OPTIONS = ['env', 'path', 'project_id', 'type'] as const
type Option = (typeof OPTIONS)[number]

const SHAPE = 'infisical:///KEY?env=…&path=…&project_id=…&type=…'

/**
 * Parses `infisical:///KEY?env=&path=&project_id=&type=`, and takes the options that are left out from
 * `defaults`. Returns undefined for a text that is not an Infisical reference. Throws `ref_syntax`. Does not
 * use `new URL`, which folds `..` and lets `%zz` through.
 */
export function parseInfisicalReference(text: string, defaults: Defaults): InfisicalReference | undefined {
  if (!/^infisical:\//i.test(text)) return undefined
  const [, slashes = '', rest = ''] = /^infisical:(\/+)(.*)$/is.exec(text) ?? []
  if (slashes.length !== 3) throw miscounted(text, rest)
  const mark = rest.indexOf('?')
  const encoded = mark === -1 ? rest : rest.slice(0, mark)
  const key = readKey(encoded, text)
  const all = encoded === '*' ? ({ isAll: true } as const) : {}
  const given = mark === -1 ? new Map<Option, string>() : splitQuery(rest.slice(mark + 1), text)
  const environment = readOption(given, 'env', Environment, text) ?? defaults.environment
  const path = readOption(given, 'path', FolderPath, text) ?? defaults.path ?? '/'
  const projectId = readOption(given, 'project_id', ProjectId, text) ?? defaults.projectId
  const type = readOption(given, 'type', SecretType, text) ?? defaults.type ?? 'shared'
  if (environment === undefined) {
    throw malformed(
      text,
      'names no environment',
      'add env=… or set infisical-default-environment (INFISICAL_DEFAULT_ENVIRONMENT)',
    )
  }
  if (projectId === undefined) {
    throw malformed(
      text,
      'names no project',
      'add project_id=… or set infisical-default-project-id (INFISICAL_DEFAULT_PROJECT_ID)',
    )
  }
  return { key, ...all, environment, path, projectId, type }
}

/** Returns the canonical text of a reference, with all options. It parses back to the same reference. */
export function formatInfisicalReference(reference: InfisicalReference): string {
  const { key, isAll } = reference
  // `encodeURIComponent` keeps a `*`.
  const encoded = isAll === true ? '*' : encodeURIComponent(key).replaceAll('*', '%2A')
  return `infisical:///${encoded}?${formatFolder(reference)}`
}

/** Returns the canonical text of a folder and type. */
export function formatFolder({ environment, path, projectId, type }: Folder): string {
  return `env=${environment}&path=${path}&project_id=${projectId}&type=${type}`
}

function miscounted(text: string, rest: string): LocketError {
  const [key = ''] = shown(rest).split('?')
  return malformed(
    text,
    'does not have three slashes in front of its key',
    key === '' || key.includes('/') ? `expected ${SHAPE}` : `did you mean infisical:///${key}?`,
  )
}

function readKey(encoded: string, text: string): string {
  // Spaces at the ends are removed, as the server does.
  const key = decode(encoded, text).trim()
  if (key === '') throw malformed(text, 'has no key', `expected ${SHAPE}`)
  if (/[/:?\p{Cc}\p{Cs}]/u.test(key)) {
    const hint = key.includes('/') ? 'a folder is written path=/…' : 'no name of a secret has / : or ?'
    throw malformed(text, 'has a key that no secret can have', hint)
  }
  if (key === '.' || key === '..') throw malformed(text, 'has a key that no secret can have')
  return key
}

function splitQuery(query: string, text: string): ReadonlyMap<Option, string> {
  const given = new Map<Option, string>()
  for (const part of query.split('&')) {
    const [name = '', value, ...more] = part.split('=')
    const option = OPTIONS.find((known) => known === name)
    if (option === undefined) {
      const near = nearest(name, OPTIONS)
      const hint = near === undefined ? `there are ${OPTIONS.join(', ')}` : `did you mean ${near}?`
      throw malformed(text, name === '' ? 'has an empty option' : 'has an unknown option', hint)
    }
    if (given.has(option)) throw malformed(text, `has ${option} more than once`)
    if (value === undefined || value === '' || more.length > 0)
      throw malformed(text, `has no value for ${option}`, `leave ${option} out, or write ${option}=VALUE`)
    given.set(option, decode(value, text))
  }
  return given
}

function readOption<T>(
  given: ReadonlyMap<Option, string>,
  option: Option,
  shape: Schema<T>,
  text: string,
): T | undefined {
  const value = given.get(option)
  if (value === undefined) return undefined
  const read = shape.safeParse(value)
  if (read.success) return read.data
  throw malformed(text, `has a wrong ${option}`, `it ${read.error.issues[0]?.message ?? 'is malformed'}`)
}

function decode(encoded: string, text: string): string {
  if (!encoded.includes('%')) return encoded
  try {
    return decodeURIComponent(encoded)
  } catch {
    throw malformed(text, 'has a % that does not begin a %XX code', 'a % in a key is written %25')
  }
}

function malformed(text: string, says: string, hint?: string): LocketError {
  return new LocketError('ref_syntax', `${shown(text)} ${says}`, { hint })
}

function shown(text: string): string {
  return text.replace(/\p{Cc}/gu, '?').slice(0, 120)
}
