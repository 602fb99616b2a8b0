import { writeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'

const PIECE_BYTES = 1024 * 1024

/** Synchronous in pieces, between which others have their turn. */
export async function writeBytes(fd: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, Math.min(PIECE_BYTES, bytes.length - done))
    if (done < bytes.length) await nextTurn()
  }
}
