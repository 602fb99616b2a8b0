import { matching } from '../../settings/schema.ts'
import {
  decodeReference,
  formatOptions,
  malformedReference,
  splitReference,
} from '../lib/reference/options.ts'

/** The config of a secret. Both are left out for a service token, which has one config of its own. */
export interface DopplerConfig {
  readonly project?: string
  readonly config?: string
}

/** The decoded parts of `doppler://NAME[?project=&config=]`. */
export interface DopplerSecret extends DopplerConfig {
  /** With `isAll` it is `*`. */
  readonly name: string
  /** All secrets of the config. */
  readonly isAll?: true
}

const SHAPE = 'doppler://NAME'
const NAMES = ['project', 'config'] as const
const SECRET = /^[A-Za-z_][A-Za-z0-9_]{0,199}$/

/** The schema of a project or config. Its message quotes nothing. */
export const DopplerName = matching(
  /^[A-Za-z0-9_.-]{1,100}$/,
  'must be a name of letters, digits, _, . and -',
)

/**
 * Parses a reference. The options that are left out come from `defaults`. Returns undefined for a text of
 * another scheme. Throws `ref_syntax`.
 */
export function parseDopplerSecret(
  text: string,
  defaults: { readonly project?: string | undefined; readonly config?: string | undefined } = {},
): DopplerSecret | undefined {
  const split = splitReference(text, { scheme: 'doppler', shape: SHAPE, names: NAMES })
  if (split === undefined) return undefined
  const isAll = split.path === '*'
  const name = decodeReference(split.path, text)
  if (!isAll && !SECRET.test(name))
    throw malformedReference(
      text,
      name === '' ? 'names no secret' : 'has a name that no secret can have',
      `expected ${SHAPE}?project=PROJECT&config=CONFIG, with NAME of letters, digits and _`,
    )
  const [project, config] = NAMES.map((option) => {
    const given = split.options.get(option)
    if (given !== undefined && !DopplerName.safeParse(given).success)
      throw malformedReference(text, `has a wrong ${option}`)
    return given ?? defaults[option]
  })
  if ((project === undefined) !== (config === undefined))
    throw malformedReference(
      text,
      project === undefined ? 'names a config and no project' : 'names a project and no config',
      'write both, or neither for a service token',
    )
  return {
    name,
    ...(isAll ? { isAll } : {}),
    ...(project === undefined || config === undefined ? {} : { project, config }),
  }
}

/** Returns the canonical text of a reference. It parses back to the same reference. */
export function formatDopplerSecret({ name, ...config }: DopplerSecret): string {
  return `doppler://${name}${formatConfig(config)}`
}

/** Returns the options of a config, which all its secrets share. */
export function formatConfig({ project, config }: DopplerConfig): string {
  return formatOptions([
    ['project', project],
    ['config', config],
  ])
}
