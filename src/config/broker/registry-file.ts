import { parseDocument } from 'yaml'
import { parseCidr } from '../../core/broker/addresses.ts'
import { isProjectName } from '../../core/broker/place.ts'
import { MOST_CLIENTS, readRegistryKey, type RegisteredClient } from '../../core/broker/signing/registry.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'

/** Rows of a file. Anchors are not needed in it. */
const [MOST_CIDRS, MOST_ALIASES] = [32, 100]

/** The content of a registry file. */
interface RegistryFile {
  readonly clients: readonly RegisteredClient[]
  /** The mistakes in rows that were left out, each with its place. */
  readonly faults: readonly string[]
}

/**
 * Parses a registry file: a list of `name`, `keypub` and, beyond the original, `addresses`. A row that is
 * wrong costs that row. Throws `config` if the file is not such a list at all.
 */
export function readRegistryFile(path: string, text: string): RegistryFile {
  const rows = rowsOf(path, text)
  if (rows.length > MOST_CLIENTS)
    throw new LocketError('config', `${path} has more than ${MOST_CLIENTS} rows`)
  const clients: RegisteredClient[] = []
  const faults: string[] = []
  const known = new Set<string>()
  for (const [index, row] of rows.entries()) {
    const read = clientOf(row)
    const key = 'fault' in read ? undefined : Buffer.from(read.key).toString('hex')
    const fault =
      'fault' in read ? read.fault : known.has(String(key)) ? 'an earlier row has this keypub' : undefined
    if (fault !== undefined) faults.push(`row ${index + 1}${nameIn(row)}: ${fault}`)
    if ('fault' in read || fault !== undefined) continue
    known.add(String(key))
    clients.push(read)
  }
  return { clients, faults }
}

function rowsOf(path: string, text: string): readonly unknown[] {
  let rows: unknown
  try {
    const document = parseDocument(text, { logLevel: 'error' })
    rows = document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: MOST_ALIASES })
  } catch {
    // The message of the parser would quote the file.
  }
  // A file of comments alone is an empty registry.
  if (rows === null) return []
  if (Array.isArray(rows)) return rows
  throw new LocketError('config', `${path} is not a YAML list of rows with name and keypub`)
}

function clientOf(row: unknown): RegisteredClient | { readonly fault: string } {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return { fault: 'it is not a mapping' }
  const { name, keypub, addresses, ...others } = row as Readonly<Record<string, unknown>>
  const [other] = Object.keys(others)
  // A misspelled list of addresses must not mean "any address".
  if (other !== undefined)
    return { fault: `${JSON.stringify(other.slice(0, 40))} is not known: there is name, keypub, addresses` }
  if (typeof name !== 'string' || !isProjectName(name))
    return { fault: 'name must be letters, digits, ".", "_" and "-", at most 63' }
  if (typeof keypub !== 'string') return { fault: 'keypub is missing' }
  const key = readRegistryKey(keypub)
  if ('reason' in key) return { fault: key.reason }
  const cidrs = addresses === undefined ? [] : cidrsOf(addresses)
  if (cidrs === undefined)
    return { fault: `addresses must be a list of 1 to ${MOST_CIDRS} networks like 10.0.0.5 or 10.0.0.0/24` }
  return { service: name, key, cidrs }
}

function cidrsOf(addresses: unknown): readonly string[] | undefined {
  if (!Array.isArray(addresses) || addresses.length === 0 || addresses.length > MOST_CIDRS) return undefined
  const cidrs = addresses.map((text) => (typeof text === 'string' ? parseCidr(text) : undefined))
  return cidrs.includes(undefined) ? undefined : cidrs.map(String)
}

/** ` (api)` for a row with a name. */
function nameIn(row: unknown): string {
  const name = typeof row === 'object' && row !== null && 'name' in row ? row.name : undefined
  return typeof name === 'string' && isProjectName(name) ? ` (${name})` : ''
}
