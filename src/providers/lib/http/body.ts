import type { IncomingMessage } from 'node:http'
import { providerError } from '../provider-error.ts'
import { readJson } from './json.ts'

/** The largest body of a refusal that is read, in bytes. */
const MAX_REFUSAL_BYTES = 64 * 1024

/** Returns a header of an answer by its lower-case name; several values are joined by a comma. */
export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.join(', ')
}

/** Reads the body of a refusal. An unread body would keep its connection from being used again. */
export async function readRefusal(answer: IncomingMessage): Promise<unknown> {
  try {
    const body = await readBody(answer, MAX_REFUSAL_BYTES, '')
    try {
      return readJson(body, { who: '' })
    } finally {
      body.fill(0)
    }
  } catch {
    // The error of the status is more useful than the one of its body.
    return undefined
  }
}

/**
 * Resolves with the body of an answer. The caller must wipe it. Rejects with `too_large` for more than
 * `maxBytes` bytes, and with `provider_protocol` for a compressed body. `who` is the server, for messages.
 */
export async function readBody(answer: IncomingMessage, maxBytes: number, who: string): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.byteLength
      chunks.push(chunk)
      // Leaving the loop destroys the answer and closes its connection.
      if (size > maxBytes)
        throw providerError('too_large', `${who} sent more than ${maxBytes} bytes in one answer`)
    }
    const encoding = headerOf(answer, 'content-encoding') ?? 'identity'
    if (size > 0 && encoding !== 'identity')
      throw providerError(
        'provider_protocol',
        `${who} sent a compressed answer, which locket did not ask for`,
        {
          hint: 'a proxy in front of the server must not compress what asks for identity',
        },
      )
    const body = new Uint8Array(size)
    let offset = 0
    for (const chunk of chunks) {
      body.set(chunk, offset)
      offset += chunk.byteLength
    }
    return body
  } finally {
    for (const chunk of chunks) chunk.fill(0)
  }
}
