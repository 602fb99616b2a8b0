import { hashOf } from '../../core/audit/chain.ts'
import { checkLogFile, type CheckedLogFile } from '../../core/audit/verify.ts'

/** A piece of a chain: lines without line breaks, the oldest first. */
interface Piece {
  readonly lines: readonly string[]
  /** The number after which the next piece begins. Undefined: these are the last lines. */
  readonly next?: number | undefined
}

/** A chain that was read in pieces. */
interface CheckedPieces extends CheckedLogFile {
  /** The expected hashes that no line has. */
  readonly missing: readonly string[]
}

/** Reads a chain in pieces and checks it. `name` is its name in faults. `onLine` gets each line. */
export async function verifyPieces(
  name: string,
  piece: (after: number) => Promise<Piece>,
  { expected, onLine }: { readonly expected: readonly string[]; readonly onLine?: (line: string) => void },
): Promise<CheckedPieces> {
  const check = checkLogFile(name)
  const missing = new Set(expected)
  for (let after: number | undefined = 0; after !== undefined;) {
    const { lines, next }: Piece = await piece(after)
    for (const line of lines) {
      const bytes = new TextEncoder().encode(line)
      check.add(bytes, true)
      if (missing.size > 0) missing.delete(hashOf(bytes))
      onLine?.(line)
    }
    after = next
  }
  return { ...check.result(), missing: [...missing] }
}
