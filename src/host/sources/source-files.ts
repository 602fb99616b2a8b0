import { constants, readlinkSync, type Stats } from 'node:fs'
import { open, realpath, stat, type FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import { closeLater } from '../../core/waiting/close-later.ts'
import { LocketError, errnoOf, isLocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { ReadLimits, SourceFiles } from '../../core/ports/files.ts'

/**
 * Flag that opens a name without opening the file: no FIFO blocks, no device notices. Node does not name this
 * flag.
 */
const O_PATH = 0o10000000
const { O_RDONLY, O_NONBLOCK } = constants

/** The number of paths that `wasRead` remembers. */
const MOST_REMEMBERED = 10_000

/** Reads templates, .env files and credentials within limits. */
export function openSourceFiles(): SourceFiles {
  const known = new Set<string>()
  return {
    async read(path, limits) {
      const content = await read(path, limits)
      known.add(path)
      for (const oldest of known) {
        if (known.size <= MOST_REMEMBERED) break
        known.delete(oldest)
      }
      return content
    },
    wasRead: (path) => known.has(path),
  }
}

async function read(path: string, limits: ReadLimits): Promise<Uint8Array> {
  const files: FileHandle[] = []
  try {
    const named = await open(path, O_PATH)
    files.push(named)
    // The kernel knows the name, whatever the file system does.
    const real = readlinkSync(`/proc/self/fd/${named.fd}`)
    await checkWithin(path, real, limits.within)
    const facts = await named.stat()
    await checkExcept(path, { real, facts }, limits.except)
    if (!facts.isFile()) {
      const kind = facts.isDirectory() ? 'a folder, and a file is needed' : 'not a regular file'
      throw new LocketError('io', `${path} is ${kind}`, naming(path))
    }
    const file = await open(`/proc/self/fd/${named.fd}`, O_RDONLY | O_NONBLOCK)
    files.push(file)
    return await readBounded(file, { path, size: facts.size, maxBytes: limits.maxBytes })
  } catch (error) {
    if (isLocketError(error)) throw error
    // A message must not reveal whether a file outside of the roots exists.
    await checkWithin(path, resolve(path), limits.within)
    throw new LocketError('io', `cannot read ${path}: ${systemReason(errnoOf(error), 'read')}`, {
      ...naming(path),
      cause: error,
    })
  } finally {
    for (const file of files) closeLater(file)
  }
}

interface Bounds {
  readonly path: string
  /** Bytes of the file, as stat(2) said. */
  readonly size: number
  readonly maxBytes: number
}

/** Reads a file. Asks for one byte more than its size, because that may be out of date. */
async function readBounded(file: FileHandle, { path, size, maxBytes }: Bounds): Promise<Uint8Array> {
  if (size > maxBytes) throw tooLarge(path, maxBytes)
  let buffer = new Uint8Array(size + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length)
    length += bytesRead
    if (length > maxBytes) {
      buffer.fill(0)
      throw tooLarge(path, maxBytes)
    }
    // A file of /proc or /sys says 0, and may give its content in parts.
    if (bytesRead === 0 || (size > 0 && length === size)) break
    if (length === buffer.length) buffer = grown(buffer, maxBytes)
  }
  const content = buffer.slice(0, length)
  buffer.fill(0)
  return content
}

/**
 * Returns a larger copy, for files of /proc and /sys, whose size is 0, and for a file that grows. The old
 * buffer is zeroed: it may hold a credential.
 */
function grown(buffer: Uint8Array, maxBytes: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(maxBytes + 1, Math.max(4096, 2 * buffer.length)))
  larger.set(buffer)
  buffer.fill(0)
  return larger
}

async function checkWithin(path: string, real: string, roots: readonly string[] | undefined): Promise<void> {
  if (roots === undefined) return
  for (const root of roots) {
    const realRoot = await realpath(root).catch(() => resolve(root))
    if (real.startsWith(realRoot.endsWith('/') ? realRoot : `${realRoot}/`)) return
  }
  throw new LocketError('denied', `${path} lies outside of the folders that driver options may name`, {
    ...naming(path),
    hint: `template-roots is ${roots.length === 0 ? 'empty' : roots.join(', ')}`,
  })
}

/**
 * Throws `denied` for one of the files `except`. Compares real path and inode, so that a link of either kind
 * counts as the same file.
 */
async function checkExcept(
  path: string,
  { real, facts }: { readonly real: string; readonly facts: Stats },
  except: readonly string[] = [],
): Promise<void> {
  for (const other of except) {
    const place = await realpath(other).catch(() => resolve(other))
    const same = await stat(other).catch(() => undefined)
    const isSame = same?.ino === facts.ino && same.dev === facts.dev
    if (!isSame && real !== place && !real.startsWith(`${place}/`)) continue
    throw new LocketError(
      'denied',
      `${path} is one of the daemon's own files, which driver options may not name`,
      naming(path),
    )
  }
}

/** Returns the path as a fact that the message names already. */
function naming(path: string) {
  return { facts: { path }, names: ['path'] } as const
}

function tooLarge(path: string, maxBytes: number): LocketError {
  return new LocketError('too_large', `${path} is larger than ${maxBytes} bytes`, {
    ...naming(path),
    hint: 'raise max-file-size',
  })
}
