import * as z from 'zod'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { isSecretName, type SecretName } from '../../core/vocabulary/secret-name.ts'
import { Secret } from '../../core/vocabulary/secret.ts'

const FORMAT = 'locket-secrets'
const VERSION = 1

const Document = z.object({
  format: z.literal(FORMAT),
  version: z.number(),
  // `z.record` would drop a secret named `__proto__`.
  secrets: z.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
})

const Entry = z.object({ value: z.base64(), updated: z.iso.datetime() })

/** A secret as the document holds it: in base64, so that it can be any bytes. It must never be printed. */
export type Entry = z.infer<typeof Entry>
/** All secrets of the document, by name. */
export type Entries = Map<SecretName, Entry>

/**
 * Parses the decrypted secrets file. Throws `provider_protocol` if `formatDocument` cannot have written it;
 * the error never quotes a value.
 */
export function parseDocument(plain: Uint8Array, path: string): Entries {
  const document = Document.safeParse(parseJson(plain, path))
  if (!document.success) throw unreadable(path, 'it is not a document of locket')
  const { version, secrets } = document.data
  if (version !== VERSION) {
    throw new LocketError(
      'provider_protocol',
      `${path} has format version ${version}, and only ${VERSION} is known here`,
      {
        hint: 'a newer locket wrote it',
      },
    )
  }
  const entries: Entries = new Map()
  for (const [name, value] of Object.entries(secrets)) {
    if (!isSecretName(name)) throw unreadable(path, `${JSON.stringify(name)} is not the name of a secret`)
    const entry = Entry.safeParse(value)
    if (!entry.success)
      throw unreadable(path, `the entry ${JSON.stringify(name)} needs a base64 "value" and a time "updated"`)
    entries.set(name, entry.data)
  }
  return entries
}

/** Returns the document as bytes. The caller must wipe them. */
export function formatDocument(entries: Entries): Uint8Array {
  const secrets = Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
  return Buffer.from(`${JSON.stringify({ format: FORMAT, version: VERSION, secrets }, undefined, 1)}\n`)
}

/** Returns the entry of a value. `updatedAt` is in milliseconds since the epoch. */
export function entryOf(value: Secret, updatedAt: number): Entry {
  const bytes = value.reveal()
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  return { value: base64, updated: new Date(updatedAt).toISOString() }
}

/** Returns the value of an entry. The caller must wipe it. */
export function valueOf(entry: Entry): Secret {
  const bytes = Buffer.alloc(sizeOf(entry))
  bytes.write(entry.value, 'base64')
  return new Secret(bytes)
}

/** Returns the size of an entry's value in bytes. */
export function sizeOf(entry: Entry): number {
  return Buffer.byteLength(entry.value, 'base64')
}

function parseJson(plain: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plain))
  } catch {
    // The error of the parser is not kept as a cause, because its text quotes the document.
    throw unreadable(path, 'it is not JSON')
  }
}

function unreadable(path: string, reason: string): LocketError {
  return new LocketError('provider_protocol', `${path} could be decrypted, but ${reason}`, {
    hint: '`locket secret` writes such files',
  })
}
