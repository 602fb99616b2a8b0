import * as z from 'zod'
import type { RegistryRow } from '../../app/grackle/registry-api.ts'
import type { GrackleRequest } from '../../core/broker/signing/grackle.ts'
import { isLocketError } from '../../core/vocabulary/errors.ts'
import { readJsonBody } from '../broker/broker-server.ts'

/** Characters without spaces. The signed text has a line feed between the parts. */
const Nonce = z.string().regex(/^[\x21-\x7e]{1,128}$/)

const RequestBody = z
  .object({
    payload: z.base64().min(1).max(2048),
    signature: z.string().min(1).max(256),
    client_pubkey: z.string().min(1).max(4096),
    timestamp: z.int().nonnegative(),
    nonce: Nonce,
  })
  .transform(({ client_pubkey: clientKey, ...others }): GrackleRequest => ({ ...others, clientKey }))

const RowBody = z.object({ name: z.string().min(1).max(255), keypub: z.string().max(1024) })

/** Returns the request of a body. Undefined: it is none. */
export function readGrackleBody(body: unknown): GrackleRequest | undefined {
  return readOr(() => readJsonBody(RequestBody, body))
}

/** Returns the row of a body. Undefined: it is none. */
export function readRegistryBody(body: unknown): RegistryRow | undefined {
  return readOr(() => readJsonBody(RowBody, body))
}

/** Returns `{"payload":"…"}` and a line feed. */
export function payloadBody(sealed: Uint8Array): string {
  return `${JSON.stringify({ payload: Buffer.from(sealed).toString('base64') })}\n`
}

function readOr<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (thrown) {
    if (isLocketError(thrown) && thrown.code === 'usage') return undefined
    throw thrown
  }
}
