import type { FieldChoice } from '../lib/reference/json-field.ts'
import {
  decodeReference,
  encodeReference,
  formatOptions,
  malformedReference,
  splitReference,
} from '../lib/reference/options.ts'

/** The decoded parts of a reference to a version of a secret. */
export interface GcpSecret extends FieldChoice {
  /** The id or number of the project. */
  readonly project: string
  /** The location of a regional secret; left out: the secret is global. */
  readonly location?: string
  readonly secret: string
  /** A number, an alias or `latest`. */
  readonly version: string
}

const SHAPE = 'gcp-sm://NAME or gcp-sm://projects/PROJECT/secrets/NAME'
const NAMES = ['field', 'version', 'project', 'location'] as const
const PROJECT = /^([a-z0-9.-]{1,64}:)?[a-z0-9][a-z0-9-]{3,62}$|^[0-9]{1,20}$/
const SECRET = /^[A-Za-z0-9_-]{1,255}$/
const LOCATION = /^[a-z]+-[a-z]+[0-9]{1,2}$/
const VERSION = /^(latest|[1-9][0-9]{0,9}|[A-Za-z][A-Za-z0-9_-]{0,62})$/

/** Whether the text can be the id or number of a project. */
export function isGcpProject(text: string): boolean {
  return PROJECT.test(text)
}

/**
 * Parses `gcp-sm://NAME?version=&field=&project=&location=`, or the name of a resource as Google prints it in
 * place of NAME. Returns undefined for a text of another scheme. Throws `ref_syntax`.
 */
export function parseGcpSecret(text: string, defaultProject?: string): GcpSecret | undefined {
  const split = splitReference(text, { scheme: 'gcp-sm', shape: SHAPE, names: NAMES })
  if (split === undefined) return undefined
  const { options, isStar } = split
  const named = readResource(decodeReference(split.path, text), text)
  const [field, ...others] = NAMES.map((name) => options.get(name))
  const [version, project, location] = others.map((given, index) => {
    const own = [named.version, named.project, named.location][index]
    if (given !== undefined && own !== undefined)
      throw malformedReference(text, `names its ${NAMES[index + 1]} twice`)
    return given ?? own
  })
  const found = project ?? defaultProject
  if (found === undefined)
    throw malformedReference(
      text,
      'names no project',
      'add project=… or set gcp-sm-project (GOOGLE_CLOUD_PROJECT)',
    )
  if (!PROJECT.test(found)) throw malformedReference(text, 'has a wrong project')
  if (location !== undefined && !LOCATION.test(location))
    throw malformedReference(text, 'has a wrong location')
  if (version !== undefined && !VERSION.test(version))
    throw malformedReference(text, 'has a wrong version', 'it is a number, latest or an alias')
  return {
    project: found,
    ...(location === undefined ? {} : { location }),
    secret: named.secret,
    version: version ?? 'latest',
    ...(isStar('field') ? { isAll: true } : field === undefined ? {} : { field }),
  }
}

interface Resource {
  readonly secret: string
  readonly project?: string | undefined
  readonly location?: string | undefined
  readonly version?: string | undefined
}

function readResource(path: string, text: string): Resource {
  if (SECRET.test(path)) return { secret: path }
  const [, project, location, secret, version] =
    /^projects\/([^/]+)(?:\/locations\/([^/]+))?\/secrets\/([^/]+)(?:\/versions\/([^/]+))?$/.exec(path) ?? []
  if (secret === undefined || !SECRET.test(secret))
    throw malformedReference(
      text,
      path === '' ? 'names no secret' : 'has a name that no secret can have',
      `expected ${SHAPE}; a field is written ?field=…`,
    )
  return { secret, project, location, version }
}

/** Returns the name of the resource, as the service takes it and as it prints it. */
export function resourceOf({ project, location, secret, version }: GcpSecret): string {
  const place = location === undefined ? '' : `/locations/${location}`
  return `projects/${project}${place}/secrets/${secret}/versions/${version}`
}

/** Returns the canonical text of a reference. It parses back to the same reference. */
export function formatGcpSecret(reference: GcpSecret): string {
  const { field, isAll } = reference
  const shown = isAll === true ? '*' : field === undefined ? field : encodeReference(field)
  return `gcp-sm://${resourceOf(reference)}${formatOptions([['field', shown]])}`
}
