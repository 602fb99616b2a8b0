import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { HostKey } from '../../core/ports/cache-files.ts'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { makeFolders } from '../files/make-folders.ts'
import { replaceFile } from '../files/replace-file.ts'
import { writeError } from '../files/write-error.ts'

const NAME = 'host.key'
const BYTES = 32
const FOR_OTHERS = 0o077

/**
 * Returns the host key of a state folder: 32 random bytes in `host.key`, of mode 0600. The first call reads
 * the file or makes it. A failure is not remembered.
 */
export function openHostKey(dir: string): HostKey {
  const path = join(dir, NAME)
  let key: Promise<Secret> | undefined
  return () => {
    key ??= readOrMake(path).catch((thrown: unknown) => {
      key = undefined
      throw thrown
    })
    return key
  }
}

async function readOrMake(path: string): Promise<Secret> {
  return (await readKey(path)) ?? (await makeKey(path))
}

/** Returns undefined when there is no file. */
async function readKey(path: string): Promise<Secret | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  try {
    await using file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    await check(path, file)
    const bytes = await file.readFile()
    if (bytes.length === BYTES) return new Secret(bytes)
    throw unfit(path, `holds ${bytes.length} bytes and not ${BYTES}`)
  } catch (thrown) {
    const errno = errnoOf(thrown)
    if (errno === 'ENOENT') return undefined
    if (errno === undefined) throw thrown
    throw new LocketError('io', `cannot read the host key ${path}: ${systemReason(errno, 'read')}`, {
      cause: thrown,
    })
  }
}

async function check(path: string, file: FileHandle): Promise<void> {
  const facts = await file.stat()
  const { mode, uid, size } = facts
  const own = process.geteuid?.() ?? 0
  if (!facts.isFile()) throw unfit(path, 'is not a regular file')
  if (uid !== own && uid !== 0) throw unfit(path, `belongs to user ${uid}`)
  if ((mode & FOR_OTHERS) !== 0)
    throw unfit(path, `can be read by others (mode ${(mode & 0o7777).toString(8).padStart(4, '0')})`)
  if (size > BYTES) throw unfit(path, `holds ${size} bytes and not ${BYTES}`)
}

function unfit(path: string, why: string): LocketError {
  return new LocketError('io', `the host key ${path} ${why}: it is not used`, {
    hint: 'remove it if others may know it: a new one is made, and what the old one has encrypted is lost',
  })
}

/** Makes the file. A crash leaves no file or a whole one. Only one daemon uses a state folder. */
async function makeKey(path: string): Promise<Secret> {
  const bytes = randomBytes(BYTES)
  try {
    await makeFolders(dirname(path), 0o700)
    const temporary = `${path}.tmp`
    await rm(temporary, { force: true })
    await replaceFile(path, temporary, bytes, (file) => file.chmod(0o600))
    return new Secret(bytes)
  } catch (thrown) {
    bytes.fill(0)
    throw writeError(path, thrown)
  }
}
