import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'

/** Matches control characters except tab and line ends. They could reprogram a terminal. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/

/**
 * Throws `usage` when the output is a terminal, because screens are recorded and scrolled back. `hint` says
 * how to get the values.
 */
export function refuseTerminal(output: NodeJS.WriteStream, hint: string): void {
  if (output.isTTY) throw new LocketError('usage', 'secrets are not printed to a terminal', { hint })
}

/**
 * Writes every byte of the value to `output`. On a terminal it adds a newline, and rejects with `usage` for a
 * value that is not plain text. `name` is for that message.
 */
export async function printValue(value: Secret, name: string, output: NodeJS.WriteStream): Promise<void> {
  const bytes = value.reveal()
  if (output.isTTY && !isPlainText(bytes)) {
    throw new LocketError('usage', `${name} holds ${bytes.byteLength} bytes that a terminal cannot show`, {
      hint: 'send them to a file or a pipe',
    })
  }
  await write(output, bytes)
  if (output.isTTY && bytes.at(-1) !== 0x0a) await write(output, Buffer.from('\n'))
}

function isPlainText(bytes: Uint8Array): boolean {
  try {
    return !UNSAFE.test(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // Not UTF-8.
    return false
  }
}

/**
 * Resolves when the bytes are written, because the caller wipes them next, or when the reader is gone: a
 * reader such as `head` takes what it needs. Rejects when the system refuses the bytes.
 */
async function write(output: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  output.write(bytes, (error) => {
    if (error === null || error === undefined || errnoOf(error) === 'EPIPE') resolve()
    else reject(error)
  })
  await promise
}
