import { liesUnder, normalizePath } from '../../core/plan/paths.ts'
import type { RequestedFile } from '../../core/plan/plan.ts'
import type { ReadLimits } from '../../core/ports/files.ts'
import type { Field, Section } from '../../settings/field.ts'
import { isCredentialFile, type Credential } from '../../settings/kinds.ts'
import type { Layer, Problems } from '../layers/layers.ts'

/**
 * The limits of driver options. The author of a compose file need not be the operator, whose credentials the
 * daemon holds (ADR 0008).
 */
export interface DriverLimits {
  /** Normalized folders that must hold every file named in driver options; undefined: any folder. */
  readonly roots?: readonly string[] | undefined
  readonly allowInlineToken: boolean
  /** Normalized paths of the operator's credentials, keys, stores and configuration. */
  readonly ownFiles: ReadonlySet<string>
  /** Normalized folders of the daemon: its state and the secrets of all volumes. */
  readonly ownFolders: readonly string[]
}

/** Folders whose files show the daemon's own environment, memory and descriptors. */
const KERNEL_FOLDERS = ['/proc', '/sys', '/dev']

/**
 * Returns the settings of a provider for one volume. Settings from driver options are checked, and their
 * credential files are bound to the roots. When the driver options name a server, the daemon's credentials
 * are left out: a provider with several kinds of login could otherwise send one of them to that server.
 */
export function limitSettings(
  section: Section,
  { settings, inherited }: LimitedSettings,
  options: Layer,
  limits: DriverLimits,
  problems: Problems,
): Readonly<Record<string, unknown>> {
  const given = Object.entries(section.fields).filter(([, field]) => options.has(field.name))
  const isElsewhere = given.some(([, field]) => field.needsCredential !== undefined)
  for (const [, field] of given) problems.push(...needed(field, options))
  const limited = given.map(([key, field]): [string, unknown] => {
    const value = settings[key]
    const origin = options.get(field.name)?.origin ?? field.name
    if (field.credential === true && isCredential(value)) {
      const own = inherited[key]
      const ownPath = !isElsewhere && isCredentialFile(own) ? normalizePath(own.path) : undefined
      return [key, limitCredential(value, { origin, field, ownPath }, limits, problems)]
    }
    if (field.file === true && typeof value === 'string')
      return [key, limitPath(value, origin, limits, problems)]
    return [key, value]
  })
  const withheld = Object.entries(section.fields)
    .filter(([, field]) => isElsewhere && field.credential === true && !options.has(field.name))
    .map(([key]): [string, undefined] => [key, undefined])
  return { ...settings, ...Object.fromEntries([...limited, ...withheld]) }
}

/** The settings of a provider instance, with and without the driver options of a volume. */
interface LimitedSettings {
  readonly settings: Readonly<Record<string, unknown>>
  /** The daemon's settings of the same instance. */
  readonly inherited: Readonly<Record<string, unknown>>
}

interface CredentialOption {
  readonly origin: string
  readonly field: Field
  /**
   * The daemon's file for the same setting. Undefined when the volume changes the server that receives it.
   */
  readonly ownPath: string | undefined
}

/** Checks a template file that driver options name, and binds its reader to the limits. */
export function limitTemplate(file: RequestedFile, limits: DriverLimits, problems: Problems): RequestedFile {
  if (file.source.kind === 'inline') return file
  const path = limitPath(file.source.path, file.origin, limits, problems)
  if (limits.ownFiles.has(path)) {
    problems.push(`${file.origin}: ${path} belongs to the daemon's own configuration and is not a template`)
  }
  return { ...file, source: { kind: 'file', path, ...readLimits(limits, limits.ownFiles) } }
}

function needed(field: Field, options: Layer): string[] {
  const credentials = field.needsCredential
  if (credentials === undefined || credentials.some((name) => options.has(name))) return []
  const own = credentials.join(' or ')
  return [
    `driver option ${field.name} needs ${own} in the driver options too: the daemon's own credential is not used with such a setting of a volume`,
  ]
}

function limitCredential(
  credential: Credential,
  { origin, field, ownPath }: CredentialOption,
  limits: DriverLimits,
  problems: Problems,
): Credential {
  if (credential.kind === 'inline') {
    if (field.isPublic === true || limits.allowInlineToken) return credential
    problems.push(
      `${origin} holds a credential, which \`docker volume inspect\` would show: write file:/path, or set allow-inline-token for the daemon`,
    )
    return credential
  }
  const path = limitPath(credential.path, origin, limits, problems)
  const ownFiles = [...limits.ownFiles].filter((own) => own !== ownPath)
  if (ownFiles.includes(path)) {
    problems.push(
      `${origin}: ${path} is the daemon's own, and is used only where the daemon's settings name it`,
    )
  }
  return { kind: 'file', path, ...readLimits(limits, ownFiles) }
}

function limitPath(written: string, origin: string, limits: DriverLimits, problems: Problems): string {
  const path = normalizePath(written)
  const { roots, ownFolders } = limits
  if (roots !== undefined && !roots.some((root) => liesUnder(path, root))) {
    problems.push(
      `${origin}: ${path} lies outside of ${roots.join(', ') || 'template-roots, which is empty'}: put the file there, or change the daemon's template-roots`,
    )
  } else if ([...KERNEL_FOLDERS, ...ownFolders].some((folder) => liesUnder(path, folder))) {
    problems.push(`${origin}: ${path} may not be named in driver options`)
  }
  return path
}

/** Returns the limits for the reader of the file. It checks the path again after it has followed links. */
function readLimits(
  { roots, ownFolders }: DriverLimits,
  ownFiles: Iterable<string>,
): Pick<ReadLimits, 'within' | 'except'> {
  const except = [...KERNEL_FOLDERS, ...ownFolders, ...ownFiles]
  return roots === undefined ? { except } : { within: roots, except }
}

function isCredential(value: unknown): value is Credential {
  return typeof value === 'object' && value !== null && 'kind' in value
}
