import { isLocketError } from '../../core/vocabulary/errors.ts'
import { nearest } from '../../core/text/nearest.ts'
import type { ProviderDef, ProviderInstance } from '../../providers/define.ts'
import { PROVIDERS } from '../../providers/index.ts'
import { createInstance } from '../../providers/instance.ts'
import { chooseKind } from '../../providers/route.ts'
import { fieldsOf } from '../../settings/field.ts'
import { defaultLayer, type User } from '../layers/defaults.ts'
import { mergeLayers, parseSection, type Problems } from '../layers/layers.ts'
import { shownName } from '../entries/secret-entry.ts'
import {
  entriesOf,
  entryLayer,
  isTable,
  PROVIDERS_TABLE,
  type TomlDocument,
  type TomlEntry,
} from '../layers/toml.ts'

/** A table `[providers.NAME]`, merged from all configuration files. */
interface ProviderTable {
  readonly name: string
  /** Returns the place where the table is first opened. */
  readonly at: () => string
  /** The entries by their keys. The last file wins. */
  readonly entries: ReadonlyMap<string, TomlEntry>
}

const NAME = /^[a-z][a-z0-9-]{0,62}$/
/** The one key of a table that is not a setting. */
const KIND = 'kind'

/** Returns the tables `[providers.NAME]` of all configuration files. Adds to `problems` what is wrong. */
export function providerTables(
  documents: readonly TomlDocument[],
  problems: Problems,
): readonly ProviderTable[] {
  const tables = new Map<string, ProviderTable>()
  for (const document of documents) {
    for (const [name, { value, at }] of entriesOf(document, PROVIDERS_TABLE)) {
      if (!isTable(value)) {
        problems.push(`${at()}: ${shownName(name)} must be a table, like [${PROVIDERS_TABLE}.NAME]`)
        continue
      }
      const before = tables.get(name)
      const own = entriesOf(document, PROVIDERS_TABLE, name)
      tables.set(name, { name, at: before?.at ?? at, entries: new Map([...(before?.entries ?? []), ...own]) })
    }
  }
  return [...tables.values()]
}

/**
 * Makes an instance from a table `[providers.NAME]`. A setting that the table leaves out has its default:
 * flags, environment and a command's table change nothing (ADR 0012). Returns undefined and adds to
 * `problems` when the kind is unknown.
 */
export function namedInstance(
  { name, at, entries }: ProviderTable,
  user: User,
  problems: Problems,
): ProviderInstance | undefined {
  const table = `[${PROVIDERS_TABLE}.${shownName(name)}]`
  const misnomer = nameProblem(name)
  if (misnomer !== undefined) problems.push(`${at()}: ${table}: ${misnomer}`)
  const given = new Map(entries)
  const kind = given.get(KIND)
  if (kind === undefined) {
    problems.push(`${at()}: ${table} has no ${KIND}: one of ${kindNames()}`)
    return undefined
  }
  given.delete(KIND)
  const def = kindOf(kind, problems)
  if (def === undefined) return undefined
  const fields = fieldsOf([def.settings])
  const layer = mergeLayers({
    toml: entryLayer(given, fields, problems, (key) => unknownKey(key, def)),
    default: defaultLayer(fields, user),
  })
  return createInstance(def, parseSection(def.settings, layer, problems), name)
}

function nameProblem(name: string): string | undefined {
  if (!NAME.test(name))
    return 'a name is made of a-z, 0-9 and -, starts with a letter, and has at most 63 characters'
  const taken = PROVIDERS.flatMap(({ kind, aliases = [], schemes }) => [kind, ...aliases, ...schemes])
  return taken.includes(name)
    ? `${name} is the name of a kind of provider, so a table cannot have it`
    : undefined
}

function kindOf({ value, at }: TomlEntry, problems: Problems): ProviderDef | undefined {
  if (typeof value !== 'string') {
    problems.push(`${at()}: ${KIND} must be a string: one of ${kindNames()}`)
    return undefined
  }
  try {
    const kind = chooseKind(PROVIDERS, value)
    return PROVIDERS.find((def) => def.kind === kind)
  } catch (thrown) {
    if (!isLocketError(thrown)) throw thrown
    problems.push(`${at()} ${KIND}: ${thrown.message}`)
    return undefined
  }
}

/**
 * Returns the problem with an unknown key. Suggests `bao-url` for `url`, because users expect that the prefix
 * is optional in the table of one kind.
 */
function unknownKey(key: string, { kind, settings }: ProviderDef): string {
  const known = fieldsOf([settings]).map(({ name }) => name)
  const spelled = key.replaceAll('_', '-')
  const near = known.find((name) => name.endsWith(`-${spelled}`)) ?? nearest(spelled, known)
  const advice = near === undefined ? `it has ${known.join(', ')}` : `did you mean ${near}?`
  return `there is no setting ${key} of ${kind}, ${advice}`
}

function kindNames(): string {
  return PROVIDERS.map(({ kind }) => kind).join(', ')
}
