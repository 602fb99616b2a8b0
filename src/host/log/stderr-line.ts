import { writeSync } from 'node:fs'
import { errnoOf } from '../../core/vocabulary/errors.ts'

const STDERR = 2
const MOST_RETRIES = 100

/** A log that cannot be written never fails the work it tells of. */
export function writeToStderr(line: string): void {
  const bytes = Buffer.from(line)
  for (let done = 0, retries = 0; done < bytes.length && retries < MOST_RETRIES;) {
    try {
      done += writeSync(STDERR, bytes, done)
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') return
      // A pipe that its reader has not emptied yet: wait a little, then drop the line.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
      retries += 1
    }
  }
}
