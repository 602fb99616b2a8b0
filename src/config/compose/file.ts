import { formatError, isLocketError } from '../../core/vocabulary/errors.ts'
import { readEnvFilesOf, readEnvironmentOf, type ValueReader } from './environment.ts'
import { fillIn } from './variables.ts'
import { isMapping, numberText, readYaml, type Mapping } from './yaml.ts'
import { nearest } from '../../core/text/nearest.ts'
import type { Env } from '../layers/env.ts'
import type { Problems } from '../layers/layers.ts'
import { shownName } from '../entries/secret-entry.ts'

/** The parts of one compose file that concern locket. */
export interface ComposeFile {
  readonly volumes: readonly ComposeVolume[]
  readonly services: readonly ProviderService[]
  /** The problems, one line each. A problem of a volume or a service begins with its name. */
  readonly problems: readonly string[]
  /** Warnings about variables that are not set, as Compose gives them, and about names like the driver's. */
  readonly warnings: readonly string[]
}

/** A volume of a compose file whose driver is locket. */
export interface ComposeVolume {
  readonly name: string
  /** The driver options, as the engine passes them. */
  readonly options: Readonly<Record<string, string>>
}

/**
 * A service with `provider: {type: locket}`. Compose gives each option as a flag, once for each of its
 * values.
 */
export interface ProviderService {
  readonly name: string
  readonly options: ReadonlyMap<string, readonly string[]>
  /** Its `environment:`, which Compose 5.6.0 and later tell a provider. */
  readonly environment: ReadonlyMap<string, string>
  /** Paths of its `env_file:`, as written. Compose adds their variables below those of `environment`. */
  readonly envFiles: readonly string[]
}

interface ComposeSetup {
  /** The variables for `${NAME}` in values. */
  readonly env: Env
  /** Further names of the driver; `locket` and `locket:TAG` are always known. */
  readonly drivers: readonly string[]
}

const DRIVER = /^locket(?::.+)?$/s
const PROVIDER = 'locket'
const LOOKS_LIKE_COMPOSE = /^(?:services|volumes)[ \t]*:/m

/**
 * Reads a compose file. Returns undefined for a text without a mapping `services` or `volumes` at its top.
 */
export function readComposeFile(text: string, setup: ComposeSetup): ComposeFile | undefined {
  const read = readYaml(text)
  if ('problem' in read) {
    if (!LOOKS_LIKE_COMPOSE.test(text)) return undefined
    return { volumes: [], services: [], problems: [read.problem], warnings: [] }
  }
  const { content } = read
  if (!isMapping(content) || (!isMapping(content['services']) && !isMapping(content['volumes']))) {
    return undefined
  }
  const problems: Problems = []
  const unset = new Set<string>()
  const fill = (value: string, place: string): string | undefined => {
    try {
      return fillIn(value, setup.env, (name) => unset.add(name))
    } catch (thrown) {
      if (!isLocketError(thrown)) throw thrown
      problems.push(`${place} ${formatError(thrown)}`)
      return undefined
    }
  }
  const similar: string[] = []
  const reader: Reader = { ...setup, fill, problems, similar }
  const volumes = entriesOf(content['volumes'], 'volumes', problems).flatMap((entry) =>
    volumeOf(entry, reader),
  )
  const services = entriesOf(content['services'], 'services', problems).flatMap((entry) =>
    serviceOf(entry, reader),
  )
  const warnings = [...unset].map((name) => `the variable ${name} is not set and counts as empty`)
  return { volumes, services, problems, warnings: [...warnings, ...similar] }
}

interface Reader extends ComposeSetup, ValueReader {
  /** Takes warnings about names that are similar to locket's. */
  readonly similar: string[]
}

type Entry = readonly [string, unknown]

function entriesOf(value: unknown, name: string, problems: Problems): Entry[] {
  if (isMapping(value)) return Object.entries(value)
  if (value !== undefined && value !== null) problems.push(`${name} must be a mapping`)
  return []
}

function volumeOf([name, volume]: Entry, reader: Reader): ComposeVolume[] {
  const label = `volume ${shownName(name)}`
  const driver = isMapping(volume) ? textAt(volume, 'driver', label, reader) : undefined
  if (!isMapping(volume) || driver === undefined) return []
  if (!isOurs(driver, reader)) {
    noteSimilar(`${label}: driver`, driver, volume['driver_opts'], reader)
    return []
  }
  const options = entriesOf(volume['driver_opts'], `${label}: driver_opts`, reader.problems)
  const texts = options.flatMap(([option, value]): [string, string][] => {
    const place = `${label}: driver_opts.${shownName(option)}`
    if (typeof value === 'boolean') {
      reader.problems.push(
        `${place} must be a number or string, and is a boolean: write "${value}" in quotes`,
      )
      return []
    }
    const text = textOf(value, place, reader)
    if (text === undefined) reader.problems.push(`${place} must be a number or string: put it in quotes`)
    return text?.value === undefined ? [] : [[option, text.value]]
  })
  return [{ name, options: Object.fromEntries(texts) }]
}

function serviceOf([name, service]: Entry, reader: Reader): ProviderService[] {
  const label = `service ${shownName(name)}`
  if (!isMapping(service)) return []
  const { provider } = service
  const type = isMapping(provider) ? textAt(provider, 'type', label, reader) : undefined
  if (!isMapping(provider) || type === undefined) return []
  if (type !== PROVIDER) {
    noteSimilar(`${label}: provider type`, type, provider['options'], reader)
    return []
  }
  const options = entriesOf(provider['options'], `${label}: options`, reader.problems)
  const lists = options.map(([option, value]): [string, readonly string[]] => {
    const place = `${label}: options.${shownName(option)}`
    const items: unknown[] = Array.isArray(value) ? value : [value]
    return [option, items.flatMap((item) => optionText(item, place, reader))]
  })
  const environment = readEnvironmentOf(service['environment'], label, reader.env, reader)
  const envFiles = readEnvFilesOf(service['env_file'], label, reader)
  return [{ name, options: new Map(lists), environment, envFiles }]
}

function optionText(item: unknown, place: string, reader: Reader): string[] {
  if (typeof item === 'boolean') return [String(item)]
  const text = textOf(item, place, reader)
  if (text === undefined)
    reader.problems.push(`${place} must be a boolean, number or string, or a list of these`)
  return text?.value === undefined ? [] : [text.value]
}

function isOurs(driver: string, { drivers }: Reader): boolean {
  return DRIVER.test(driver) || drivers.includes(driver)
}

/** Matches options that locket has and other drivers hardly have. */
const TELLING_OPTION = /^(?:secrets?(?:\..+)?|env|env[_-]file)$/s

/**
 * Notes a name that is nearly locket's. It is a problem with an option of locket beside it, else a warning,
 * because another driver may have such a name.
 */
function noteSimilar(place: string, name: string, options: unknown, reader: Reader): void {
  const near = nearest(name.replace(/:.*$/s, ''), [PROVIDER, ...reader.drivers])
  if (near === undefined) return
  const isMeant = isMapping(options) && Object.keys(options).some((option) => TELLING_OPTION.test(option))
  const notes = isMeant ? reader.problems : reader.similar
  notes.push(`${place} ${shownName(name)} is not locket, did you mean ${near}?`)
}

function textAt(mapping: Mapping, key: string, label: string, reader: Reader): string | undefined {
  const value = mapping[key]
  return typeof value === 'string' ? reader.fill(value, `${label}: ${key}`) : undefined
}

/**
 * Returns the text of an option; undefined for a value that is neither text nor number. When `value` is
 * undefined, `fill` has already added the problem.
 */
function textOf(
  value: unknown,
  place: string,
  reader: Reader,
): { readonly value: string | undefined } | undefined {
  if (typeof value === 'string') return { value: reader.fill(value, place) }
  if (typeof value === 'number' || typeof value === 'bigint') return { value: numberText(value) }
  return undefined
}
