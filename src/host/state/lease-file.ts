import { constants } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { LeaseRecord, LeaseStore } from '../../core/ports/state-store.ts'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { makeFolders } from '../files/make-folders.ts'
import { replaceFile } from '../files/replace-file.ts'
import { writeError } from '../files/write-error.ts'
import { mergeSaves } from './merge-saves.ts'

const NAME = 'leases.json'
const MOST_RECORDS = 10_000
const MOST_BYTES = 16 * 1024 * 1024
const LONGEST_TEXT = 1024

/**
 * Opens the file of the leases in a state folder, of mode 0600. It keeps the last
 * 10,000 records.
 */
export function openLeaseFile(dir: string): LeaseStore {
  const path = join(dir, NAME)
  async function write(records: readonly LeaseRecord[]): Promise<void> {
    const content = Buffer.from(JSON.stringify({ leases: records.slice(-MOST_RECORDS) }))
    try {
      await makeFolders(dirname(path), 0o700)
      const temporary = `${path}.tmp`
      await rm(temporary, { force: true })
      await replaceFile(path, temporary, content, (file) => file.chmod(0o600))
    } catch (thrown) {
      throw writeError(path, thrown)
    }
  }

  return {
    async load() {
      const content = await read(path)
      return content === undefined ? [] : parse(path, content)
    },
    save: mergeSaves(write),
  }
}

async function read(path: string): Promise<Buffer | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  try {
    await using file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    const { size } = await file.stat()
    if (size > MOST_BYTES)
      throw new LocketError('io', `${path} is larger than locket writes it: it is not read`)
    return await file.readFile()
  } catch (thrown) {
    const errno = errnoOf(thrown)
    if (errno === 'ENOENT') return undefined
    if (errno === undefined) throw thrown
    throw new LocketError('io', `cannot read ${path}: ${systemReason(errno, 'read')}`, { cause: thrown })
  }
}

function parse(path: string, content: Buffer): readonly LeaseRecord[] {
  let parsed: unknown
  try {
    parsed = Reflect.get(Object(JSON.parse(content.toString())), 'leases')
  } catch {
    // Reported below.
  }
  if (Array.isArray(parsed) && parsed.every(isRecord)) return parsed
  throw new LocketError('io', `${path} is not as locket writes it: its leases end by themselves`)
}

function isRecord(value: unknown): value is LeaseRecord {
  return ['volume', 'provider', 'id'].every((key) => {
    const text: unknown = Reflect.get(Object(value), key)
    return typeof text === 'string' && text !== '' && text.length <= LONGEST_TEXT
  })
}
