import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { AuditFiles, LogLine } from '../../core/ports/audit-log.ts'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { rotatedFiles } from './rotated-files.ts'
import { LONGEST_LINE_BYTES } from './tail.ts'

const LINE_BREAK = 0x0a

/** Returns the functions that read audit logs. */
export function openAuditFiles(): AuditFiles {
  return {
    async list(path) {
      const isThere = await stat(path).then(
        () => true,
        () => false,
      )
      return [...(await rotatedFiles(path)), ...(isThere ? [path] : [])]
    },
    lines: (path) => readLines(path),
  }
}

async function* readLines(path: string): AsyncGenerator<LogLine> {
  let rest: Buffer = Buffer.alloc(0)
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let begin = 0
      for (let end = rest.indexOf(LINE_BREAK); end !== -1; end = rest.indexOf(LINE_BREAK, begin)) {
        yield { bytes: rest.subarray(begin, end), isWhole: true }
        begin = end + 1
      }
      rest = rest.subarray(begin)
      if (rest.length > LONGEST_LINE_BYTES)
        throw new LocketError('io', `${path} has a line of more than 2 MiB: it is not an audit log`)
    }
  } catch (thrown) {
    const errno = errnoOf(thrown)
    if (errno === undefined) throw thrown
    throw new LocketError('io', `cannot read ${path}: ${systemReason(errno, 'read')}`, { cause: thrown })
  }
  if (rest.length > 0) yield { bytes: rest, isWhole: false }
}
