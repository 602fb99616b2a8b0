import type { FileHandle } from 'node:fs/promises'
import { parseChained } from '../../core/audit/chain.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'

/** Longest line of an audit log, in bytes. */
export const LONGEST_LINE_BYTES = 2 * 1024 * 1024
const LINE_BREAK = 0x0a

/** The end of a log. */
interface Tail {
  /** The last complete line, without its line break. Undefined: there is none. */
  readonly line: Uint8Array | undefined
  /** Where the last complete line ends, in bytes from the beginning. The rest is a line that was cut off. */
  readonly end: number
}

/**
 * Reads the end of a log. Rejects with `io` when the file holds something else than an audit log: it is then
 * neither repaired nor continued.
 */
export async function lastLine(handle: FileHandle, size: number, path: string): Promise<Tail> {
  const start = Math.max(0, size - 2 * LONGEST_LINE_BYTES)
  const bytes = Buffer.alloc(size - start)
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, start)
  const read = bytes.subarray(0, bytesRead)
  const end = read.lastIndexOf(LINE_BREAK) + 1
  if (end === 0) {
    if (start === 0 && looksCutOff(read)) return { line: undefined, end: 0 }
    throw foreign(path)
  }
  const begin = end === 1 ? 0 : read.lastIndexOf(LINE_BREAK, end - 2) + 1
  const line = read.subarray(begin, end - 1)
  if (parseChained(line.toString()) === undefined) throw foreign(path)
  return { line, end: start + end }
}

/** True for the beginning of the first line, which a crash may leave alone in the file. */
function looksCutOff(bytes: Buffer): boolean {
  const text = bytes.toString('latin1').replaceAll('\0', '')
  return text === '' || text.startsWith('{"time":') || '{"time":'.startsWith(text)
}

function foreign(path: string): LocketError {
  return new LocketError(
    'io',
    `the last line of ${path} is not a line of an audit log: it is not continued`,
    {
      hint: '`locket audit verify` shows more; move the file away, and a new one is begun',
    },
  )
}
