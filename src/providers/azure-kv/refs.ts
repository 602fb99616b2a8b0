import { AnyText } from '../../settings/schema.ts'
import type { FieldChoice } from '../lib/reference/json-field.ts'
import {
  decodeReference,
  encodeReference,
  formatOptions,
  malformedReference,
  splitReference,
} from '../lib/reference/options.ts'

/** The decoded parts of `azure-kv://[VAULT/]NAME[?version=&field=]`. */
export interface AzureSecret extends FieldChoice {
  /** The host of the vault: `my-vault.vault.azure.net`. */
  readonly host: string
  readonly secret: string
  /** The id of a version; left out: the current one. */
  readonly version?: string
}

const SHAPE = 'azure-kv://VAULT/NAME'
const NAMES = ['field', 'version'] as const
/** The domains of vaults in all clouds of Azure. A token is sent to no other host. */
const HOST = /^[a-z0-9-]{3,24}\.(vault\.azure\.net|vault\.azure\.cn|vault\.usgovcloudapi\.net)$/
const VAULT = /^[A-Za-z](?:-?[A-Za-z0-9]){2,23}$/
const SECRET = /^[0-9A-Za-z-]{1,127}$/

/** The schema of a vault: its name in the public cloud, or its host. The value is the host. */
export const VaultName = AnyText.refine(
  (text) => hostOf(text) !== undefined,
  'must be the name of a vault, or its host',
).transform((text) => hostOf(text) ?? text)

function hostOf(text: string): string | undefined {
  const lower = text.toLowerCase()
  if (HOST.test(lower)) return lower
  return VAULT.test(text) ? `${lower}.vault.azure.net` : undefined
}

/**
 * Parses a reference. Names of vaults and secrets have no case. Returns undefined for a text of another
 * scheme. Throws `ref_syntax`.
 */
export function parseAzureSecret(text: string, defaultHost?: string): AzureSecret | undefined {
  const split = splitReference(text, { scheme: 'azure-kv', shape: SHAPE, names: NAMES })
  if (split === undefined) return undefined
  const parts = split.path.split('/').map((part) => decodeReference(part, text))
  const [first = '', second, third] = parts
  if (third !== undefined)
    throw malformedReference(text, 'has too many parts', `expected ${SHAPE}?field=FIELD`)
  const secret = second ?? first
  const host = second === undefined ? defaultHost : hostOf(first)
  if (!SECRET.test(secret))
    throw malformedReference(
      text,
      secret === '' ? 'names no secret' : 'has a name that no secret can have',
      'a name is made of letters, digits and -; a field is written ?field=…',
    )
  if (host === undefined)
    throw malformedReference(
      text,
      second === undefined ? 'names no vault' : 'has a vault that cannot be one',
      second === undefined ? `write ${SHAPE} or set azure-kv-vault (AZURE_KV_VAULT)` : undefined,
    )
  const [field, version] = NAMES.map((name) => split.options.get(name))
  if (version !== undefined && !/^[0-9a-f]{32}$/i.test(version))
    throw malformedReference(text, 'has a wrong version', 'it is 32 hexadecimal digits')
  return {
    host,
    secret: secret.toLowerCase(),
    ...(version === undefined ? {} : { version: version.toLowerCase() }),
    ...(split.isStar('field') ? { isAll: true } : field === undefined ? {} : { field }),
  }
}

/** Returns the canonical text of a reference. It parses back to the same reference. */
export function formatAzureSecret({ host, secret, version, field, isAll }: AzureSecret): string {
  const shown = isAll === true ? '*' : field === undefined ? field : encodeReference(field)
  const query = formatOptions([
    ['field', shown],
    ['version', version],
  ])
  return `azure-kv://${host}/${secret}${query}`
}
