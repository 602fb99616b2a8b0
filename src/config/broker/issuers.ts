import * as z from 'zod'
import type { Issuer } from '../../core/broker/seams.ts'
import { parseDuration } from '../../core/text/units.ts'
import { isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import { entriesOf, isTable, ISSUERS_TABLE, type TomlDocument } from '../layers/toml.ts'

/** Signatures that need no secret of the broker. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const
const NAME = /^[a-z][a-z0-9-]{0,62}$/
const MOST_ISSUERS = 50
const [SHORTEST_SESSION_MS, LONGEST_SESSION_MS] = [60_000, 24 * 3_600_000]

const Url = z
  .string()
  .max(512)
  .refine(isPlainHttps, 'must be https:// and a host, without user, query and fragment')
const Path = z.string().max(1024).startsWith('/', 'must be the absolute path of a file')
const Audience = z.string().min(1).max(512)

const Session = z.string().transform((text, context) => {
  try {
    const ms = parseDuration(text)
    if (ms >= SHORTEST_SESSION_MS && ms <= LONGEST_SESSION_MS) return ms
  } catch (thrown) {
    if (!isLocketError(thrown)) throw thrown
  }
  context.addIssue({ code: 'custom', message: 'must be a duration from 1m to 24h, like 15m' })
  return z.NEVER
})

const Table = z.strictObject({
  url: Url,
  audience: Audience.transform((one) => [one]).or(z.array(Audience).min(1).max(10)),
  algorithms: z.array(z.enum(ALGORITHMS)).min(1).default(['RS256', 'ES256']),
  keys: Url.or(Path).optional(),
  'ca-cert': Path.optional(),
  session: Session.optional(),
})

/**
 * Returns the issuers `[issuers.NAME]` of all configuration files. A table of a later file replaces one of an
 * earlier file. Throws one `config` error that lists all that is wrong.
 */
export function readIssuers(documents: readonly TomlDocument[]): readonly Issuer[] {
  const [problems, found] = [[] as string[], new Map<string, Issuer>()]
  for (const document of documents) {
    for (const [name, { value, at }] of entriesOf(document, ISSUERS_TABLE)) {
      const bad = (says: string, key?: string): void =>
        void problems.push(`${key === undefined ? at() : document.at(ISSUERS_TABLE, name, key)}: ${says}`)
      if (!NAME.test(name))
        bad(`${JSON.stringify(name.slice(0, 80))} is not the name of an issuer: a-z, 0-9 and -, at most 63`)
      if (!isTable(value)) {
        bad(`${name} must be a table, like [${ISSUERS_TABLE}.NAME]`)
        continue
      }
      const read = Table.safeParse(value)
      if (read.success) {
        const { session: sessionMs, 'ca-cert': caCert, ...table } = read.data
        found.set(name, { name, ...table, caCert, sessionMs })
        continue
      }
      for (const { path, message, code } of read.error.issues) {
        const [key] = path.map(String)
        const says = code === 'unrecognized_keys' ? `it has ${Object.keys(Table.shape).join(', ')}` : message
        bad(`[${ISSUERS_TABLE}.${name}] ${key ?? 'has an unknown setting'}: ${says}`, key)
      }
    }
  }
  if (found.size > MOST_ISSUERS)
    problems.push(`[${ISSUERS_TABLE}]: there are more than ${MOST_ISSUERS} issuers`)
  if (problems.length > 0)
    throw new LocketError('config', problems.join('; '), problems.length > 1 ? { list: problems } : {})
  return [...found.values()]
}

function isPlainHttps(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return (
    url?.protocol === 'https:' && url.username + url.password === '' && url.search === '' && url.hash === ''
  )
}
