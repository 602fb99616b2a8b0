import { createHash, verify } from 'node:crypto'
import { publicKeyOf, toBase64, type Key } from '../keys.ts'
import { GRACKLE_SIGNATURE_BYTES, grackleText, type GrackleRequest } from './grackle.ts'
import type { RegisteredClient } from './registry.ts'

/** Finds the client that has signed a request. */
interface Signers {
  /** Undefined: none of the clients has. */
  find(
    clients: readonly RegisteredClient[],
    name: string,
    request: GrackleRequest,
  ): RegisteredClient | undefined
}

/** RSA keys whose signer is remembered, and keys that are kept as objects. */
const [MOST_HINTS, MOST_KEYS] = [1000, 1000]

/**
 * Returns a search. A request does not say whose it is, so its signature is tried with each client's key. A
 * program keeps its RSA key, so the client that has signed with it before is tried first: only requests that
 * are refused cost a verification for each client.
 */
export function createSigners(): Signers {
  /** SHA-256 of an RSA key → the Ed25519 key that was used with it. */
  const hints = new Map<string, string>()
  const kept = new Map<string, Key>()

  function keyOf(text: string, bytes: Uint8Array): Key {
    const known = kept.get(text)
    if (known !== undefined) return known
    const key = publicKeyOf('ed25519', bytes)
    remember(kept, text, key, MOST_KEYS)
    return key
  }

  return {
    find(clients, name, request) {
      const signature = Buffer.from(request.signature, 'base64')
      if (signature.byteLength !== GRACKLE_SIGNATURE_BYTES) return undefined
      const bytes = grackleText(name, request)
      const program = createHash('sha256').update(request.clientKey).digest('base64')
      const hint = hints.get(program)
      const rows = clients.map((client) => ({ client, text: toBase64(client.key) }))
      const [first, rest] = [rows.filter((one) => one.text === hint), rows.filter((one) => one.text !== hint)]
      const found = [...first, ...rest].find(({ client, text }) =>
        verify(null, bytes, keyOf(text, client.key), signature),
      )
      if (found !== undefined) remember(hints, program, found.text, MOST_HINTS)
      return found?.client
    },
  }
}

/** Adds an entry, and forgets the oldest one above the limit. */
function remember<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  const [first] = map.keys()
  if (first !== undefined && map.size >= most && !map.has(key)) map.delete(first)
  map.set(key, value)
}
