import { nearest } from '../../core/text/nearest.ts'
import type { ProviderDef } from '../../providers/define.ts'
import { PROVIDERS } from '../../providers/index.ts'

/** A table `{ provider = "vault", ref = "secret/data/db", field = "url" }` of a mapping file. */
interface MappedTable {
  readonly provider: string
  readonly ref: string
  readonly field: string | undefined
}

/** The instances `[providers.NAME]` of the mapping file: their names and kinds. */
export type NamedKinds = ReadonlyMap<string, ProviderDef>

/**
 * Names of secret managers that KeyZero's files use, and the kinds that ask them
 * (https://crates.io/crates/keyzero, versions 0.1.0 to 0.3.0).
 */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  ['hashicorp', 'bao'],
  ['1password', 'op'],
  ['gcp', 'gcp-sm'],
  ['env_file', 'dotenv'],
])

/** The kinds behind the schemes of KeyZero's `aws`. */
const AWS: ReadonlyMap<string, string> = new Map([
  ['sm://', 'aws-sm'],
  ['ssm://', 'aws-ssm'],
])

/**
 * Returns the reference that a table means, such as `bao://secret/db/url?kv=2`, or the problem with it. A
 * text before `://` in `ref` is kept: `op://vault/item/field` is a whole reference.
 */
export function mappedReference(
  { provider, ref, field }: MappedTable,
  named: NamedKinds,
): { readonly reference: string } | { readonly problem: string } {
  const aws = [...AWS].find(([scheme]) => provider === 'aws' && ref.startsWith(scheme))
  if (provider === 'aws' && aws === undefined)
    return { problem: 'the ref of provider aws begins with sm:// or ssm://' }
  const [scheme = '', kind = FOREIGN.get(provider) ?? provider] = aws ?? []
  const def = named.get(provider) ?? kindOf(kind)
  if (def === undefined) return { problem: unknownProvider(provider, named) }
  const prefix = named.has(provider) ? `${provider}+` : ''
  const path = ref.slice(scheme.length)
  if (def.schemes.some((own) => path.startsWith(`${own}://`)))
    return field === undefined
      ? { reference: `${prefix}${path}` }
      : { problem: 'the ref is a whole reference: write the field in it, and leave field out' }
  const mapped = def.mapped?.(path, field)
  if (mapped !== undefined) return { reference: `${prefix}${mapped}` }
  if (field !== undefined) return { problem: `a secret of ${def.kind} has no fields: leave field out` }
  return { reference: `${prefix}${def.schemes[0] ?? def.kind}://${encodePath(path)}` }
}

/** Encodes the characters of a path that mean something in a reference or in a tag. */
function encodePath(path: string): string {
  return path.replace(/[%?#|{}]/g, encodeURIComponent)
}

function kindOf(text: string): ProviderDef | undefined {
  return PROVIDERS.find(({ kind, aliases = [] }) => kind === text || aliases.includes(text))
}

function unknownProvider(provider: string, named: NamedKinds): string {
  const known = [...named.keys(), ...PROVIDERS.map(({ kind }) => kind)]
  const aliases = PROVIDERS.flatMap((def) => def.aliases ?? [])
  const near = nearest(provider, [...known, ...aliases, ...FOREIGN.keys()])
  return `there is no provider of this name, ${near === undefined ? `there is ${known.join(', ')}` : `did you mean ${near}?`}`
}
