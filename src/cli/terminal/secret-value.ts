import { open } from 'node:fs/promises'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { SecretName } from '../../core/vocabulary/secret-name.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import type { CommandContext } from '../define.ts'
import { openPrompt, type Prompt } from './prompt.ts'
import { readStream } from './read-stream.ts'

interface ValueSource {
  readonly stdin: boolean
  readonly file?: string | undefined
  readonly trim: boolean
}

/** The advice about a relative path. */
const RELATIVE = 'a relative path begins in the working directory'
const MAX_VALUE_BYTES = 16 * 1024 * 1024
const NEWLINE = 10
const RETURN = 13

type Terminal = Pick<CommandContext, 'stdin' | 'stderr' | 'signal'>

/**
 * Reads the value to store from standard input, a file, or the terminal. It never comes from the arguments,
 * because every user of the machine can see them. Rejects with `usage`, `io`, `aborted`, or `too_large` above
 * 16 MiB. The caller must wipe the value.
 */
export async function readValue(source: ValueSource, name: SecretName, terminal: Terminal): Promise<Secret> {
  if (source.stdin && source.file !== undefined) {
    throw new LocketError('usage', 'give --stdin or --file, not both')
  }
  if (!source.stdin && source.file === undefined) return await askTerminal(name, terminal)
  const bytes =
    source.file === undefined ? await readAll(terminal.stdin, 'standard input') : await readWhole(source.file)
  const end = endWithoutNewlines(bytes)
  if (source.trim) return new Secret(bytes.subarray(0, end))
  const ending = bytes.subarray(end)
  const isOneEnding =
    ending.length === 1 || (ending.length === 2 && ending[0] === RETURN && ending[1] === NEWLINE)
  if (isOneEnding && !bytes.subarray(0, end).includes(NEWLINE)) {
    terminal.stderr.write('note: the value ends with a newline, which is stored too (--trim leaves it out)\n')
  }
  return new Secret(bytes)
}

/**
 * Reads a file or pipe that the user named. Rejects with `io`, or `too_large` above 16 MiB. The caller must
 * wipe the bytes.
 */
export async function readWhole(path: string): Promise<Buffer> {
  try {
    await using file = await open(path, 'r')
    return await readAll(file.createReadStream(), path)
  } catch (thrown) {
    const errno = errnoOf(thrown)
    if (errno === undefined) throw thrown
    throw new LocketError('io', `cannot read ${path}: ${systemReason(errno, 'read')}`, {
      cause: thrown,
      hint: errno === 'ENOENT' && !path.startsWith('/') ? RELATIVE : undefined,
    })
  }
}

async function askTerminal(name: SecretName, { stdin, stderr, signal }: Terminal): Promise<Secret> {
  if (!stdin.isTTY) {
    throw new LocketError('usage', 'no value: there is no terminal to ask for it', {
      hint: 'give it with --stdin or --file FILE',
    })
  }
  using prompt = openPrompt(stdin, stderr, signal)
  return await askTwice(name, prompt)
}

/**
 * Asks for a value, then for the same value again. Rejects with `usage` when they differ, and as the prompt
 * does. The caller must wipe the value.
 */
export async function askTwice(name: SecretName, prompt: Prompt): Promise<Secret> {
  const value = await prompt.ask(`value of ${name}: `)
  const again = await prompt.ask('the same value again: ')
  const isSame = Buffer.from(value.buffer).equals(again)
  again.fill(0)
  if (isSame) return new Secret(value)
  value.fill(0)
  throw new LocketError('usage', 'the two values differ, nothing was stored', {
    hint: 'give a value of several lines with --stdin or --file',
  })
}

function readAll(stream: AsyncIterable<unknown>, origin: string): Promise<Buffer> {
  const tooLarge = () => new LocketError('too_large', `${origin} holds more than 16 MiB`)
  return readStream(stream, MAX_VALUE_BYTES, tooLarge)
}

/** Returns the index where the newlines at the end begin. */
function endWithoutNewlines(bytes: Uint8Array): number {
  let end = bytes.length
  while (end > 0 && (bytes[end - 1] === NEWLINE || bytes[end - 1] === RETURN)) end -= 1
  return end
}
