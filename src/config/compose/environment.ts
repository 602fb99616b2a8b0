import { shownName } from '../entries/secret-entry.ts'
import type { Env } from '../layers/env.ts'
import type { Problems } from '../layers/layers.ts'
import { isMapping, numberText } from './yaml.ts'

/** How values of a compose file are read. */
export interface ValueReader {
  /** Fills in the variables of a value. Returns undefined and notes a problem when that fails. */
  readonly fill: (value: string, place: string) => string | undefined
  readonly problems: Problems
}

/**
 * Returns the variables of an `environment:`, which is a mapping or a list of `NAME=VALUE`. A name without a
 * value takes that of `env`, and is left out when `env` has none. `label` names the service in problems.
 */
export function readEnvironmentOf(
  written: unknown,
  label: string,
  env: Env,
  reader: ValueReader,
): Map<string, string> {
  if (written === undefined || written === null) return new Map()
  const pairs = isMapping(written) ? Object.entries(written) : listed(written, label, reader)
  if (pairs === undefined) {
    reader.problems.push(`${label}: environment must be a mapping or a list`)
    return new Map()
  }
  const variables = pairs.flatMap(([name, value]): [string, string][] => {
    const place = `${label}: environment.${shownName(name)}`
    const text = value === null ? env[name] : scalarText(value, place, reader)
    return text === undefined ? [] : [[name, text]]
  })
  return new Map(variables)
}

/**
 * Returns the paths of an `env_file:`: one path, or a list of paths and of mappings with a path. A file that
 * need not exist is left out.
 */
export function readEnvFilesOf(written: unknown, label: string, reader: ValueReader): string[] {
  const items: unknown[] = Array.isArray(written) ? written : [written ?? []].flat()
  return items.flatMap((item) => {
    if (isMapping(item) && item['required'] === false) return []
    const path: unknown = isMapping(item) ? item['path'] : item
    const text = typeof path === 'string' ? reader.fill(path, `${label}: env_file`) : undefined
    if (typeof path !== 'string') reader.problems.push(`${label}: env_file must hold paths`)
    return text === undefined ? [] : [text]
  })
}

/**
 * Splits the items of a list at their first `=`. An item without `=` is a name without a value. Returns
 * undefined for another shape.
 */
function listed(written: unknown, label: string, reader: ValueReader): [string, unknown][] | undefined {
  if (!Array.isArray(written)) return undefined
  return written.flatMap((item: unknown): [string, unknown][] => {
    if (typeof item !== 'string') {
      reader.problems.push(`${label}: environment must hold texts of the form NAME=VALUE`)
      return []
    }
    const at = item.indexOf('=')
    return [at === -1 ? [item, null] : [item.slice(0, at), item.slice(at + 1)]]
  })
}

function scalarText(value: unknown, place: string, reader: ValueReader): string | undefined {
  if (typeof value === 'string') return reader.fill(value, place)
  if (typeof value === 'number' || typeof value === 'bigint') return numberText(value)
  if (typeof value === 'boolean') return String(value)
  reader.problems.push(`${place} must be a boolean, number or string`)
  return undefined
}
