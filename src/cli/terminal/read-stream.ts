import { fstatSync } from 'node:fs'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { unlessAborted } from '../../core/waiting/unless-aborted.ts'

/**
 * Reads a stream of bytes to its end. Rejects with `tooLarge()` when there are more than `maxBytes`, and with
 * `io` when the stream is standard input and that is a folder. The caller must wipe the bytes.
 */
export async function readStream(
  stream: AsyncIterable<unknown>,
  maxBytes: number,
  tooLarge: () => LocketError,
): Promise<Buffer> {
  // To Node, a folder is an empty stream. An empty result would replace a file or a secret.
  if ('fd' in stream && stream.fd === 0 && fstatSync(0).isDirectory())
    throw new LocketError('io', 'standard input is a folder', { hint: 'give it a file or a pipe' })
  const chunks: Buffer[] = []
  let total = 0
  try {
    for await (const chunk of stream) {
      if (!Buffer.isBuffer(chunk)) throw new LocketError('internal', 'a stream of bytes gave text')
      chunks.push(chunk)
      total += chunk.length
      if (total > maxBytes) throw tooLarge()
    }
    return Buffer.concat(chunks, total)
  } finally {
    for (const chunk of chunks) chunk.fill(0)
  }
}

/**
 * Reads standard input to its end. Rejects with `too_large`, whose hint names the setting max-file-size, or
 * with the reason of `signal`. It closes the stream then, because an open one would keep the process alive.
 */
export async function readInput(
  stdin: NodeJS.ReadStream,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const tooLarge = () =>
    new LocketError('too_large', `standard input is larger than ${maxBytes} bytes`, {
      hint: 'raise max-file-size',
    })
  const whole = readStream(stdin, maxBytes, tooLarge)
  // After an abort nobody waits for it.
  whole.catch(() => undefined)
  try {
    return await unlessAborted(() => whole, signal)
  } catch (thrown) {
    stdin.destroy()
    throw thrown
  }
}
