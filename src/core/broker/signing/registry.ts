import { PUBLIC_KEY_BYTES } from '../keys.ts'
import { pemBytes, pemText } from './pem.ts'

/** A client of grackleclub's protocol: a key, and the service that it speaks for. */
export interface RegisteredClient {
  /** The name of the service, which is also that of its project. */
  readonly service: string
  /** The 32 bytes of its Ed25519 key. */
  readonly key: Uint8Array
  /** The addresses that it may ask from, as CIDR. None: any that the server allows. */
  readonly cidrs: readonly string[]
}

/** The clients that were added by the API of the registry. Rejects with `io` or `unavailable`. */
export interface RegistryStore {
  /** Resolves with all clients in the order of their services. */
  clients(): Promise<readonly RegisteredClient[]>
  /** Stores the key of a service in place of the one that it has. */
  put(client: Pick<RegisteredClient, 'service' | 'key'>, at: number): Promise<void>
  /** Resolves with false if there is no such service. */
  remove(service: string): Promise<boolean>
}

/** Clients of the file, and services of the API: each signature is tried with the keys of all of them. */
export const MOST_CLIENTS = 100

const LABEL = 'ED25519 PUBLIC KEY'

/**
 * The points of small order as hexadecimal digits, without the sign of x, and those of them that have a
 * second form. For such a "key" anybody can make signatures.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/** Returns the 32 bytes of a client's key, or the reason why it cannot be one, which does not quote it. */
export function readRegistryKey(text: string): Uint8Array | { readonly reason: string } {
  const bytes = pemBytes(text, LABEL)
  if (bytes === undefined) return { reason: `keypub must be a PEM block "${LABEL}"` }
  if (bytes.byteLength !== PUBLIC_KEY_BYTES)
    return { reason: `keypub has ${bytes.byteLength} bytes, and an Ed25519 key has 32` }
  const unsigned = Buffer.from(bytes)
  unsigned[31] = (unsigned[31] ?? 0) & 0x7f
  if (SMALL_ORDER.has(unsigned.toString('hex')))
    return { reason: 'keypub is a point of small order: anybody could sign for it' }
  return bytes
}

/** Returns a key as the registry writes it. */
export function registryKeyText(key: Uint8Array): string {
  return pemText(key, LABEL)
}
