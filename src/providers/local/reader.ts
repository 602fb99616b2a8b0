import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { errnoOf, isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import type { Emit } from '../../core/ports/events.ts'
import { type AgeKey, parseAgeKey } from '../lib/age/age-key.ts'
import { type Entries, parseDocument } from './document.ts'

/** The two files of the embedded store. */
export interface LocalPaths {
  /** The encrypted secrets. */
  readonly file: string
  /** The age identities that open them. */
  readonly key: string
}

/** Reads the two files of the embedded store. */
interface LocalReader {
  /**
   * Resolves with the parsed key file, which is parsed again only when its text has changed. Rejects with
   * `credential_missing` if the file does not exist.
   */
  key(): Promise<AgeKey>
  /** Resolves with all secrets. Rejects with `credential_missing` if one of the files does not exist. */
  entries(): Promise<Entries>
}

/** The largest size of the encrypted file, in bytes. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024
const MAX_KEY_BYTES = 64 * 1024

/** Returns one line if both paths name the same file: the first write would destroy the key. */
export function localProblems(paths: LocalPaths): string[] {
  return paths.file === paths.key
    ? ['local-file and local-key (LOCKET_LOCAL_FILE, LOCKET_LOCAL_KEY) name one file']
    : []
}

/** Reads the encrypted file. */
export function readSealed({ file }: LocalPaths, files: SourceFiles): Promise<Uint8Array> {
  return read(files, file, MAX_FILE_BYTES, '`locket secret set` makes it')
}

/** Reads the key file. The caller must wipe the bytes. */
export function readKeyText({ key }: LocalPaths, files: SourceFiles): Promise<Uint8Array> {
  return read(files, key, MAX_KEY_BYTES, '`locket secret set` makes it when there are no secrets yet')
}

/** Makes the reader. It reports `local.key_exposed` when another user may read the key file. */
export function createLocalReader(paths: LocalPaths, files: SourceFiles, emit: Emit): LocalReader {
  let parsed: { readonly digest: string; readonly key: AgeKey } | undefined

  async function key(): Promise<AgeKey> {
    const text = await readKeyText(paths, files)
    try {
      const digest = createHash('sha256').update(text).digest('base64')
      if (parsed?.digest === digest) return parsed.key
      await warnIfExposed(paths.key, emit)
      const words = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1')
      parsed = { digest, key: await parseAgeKey(words, paths.key) }
      return parsed.key
    } finally {
      text.fill(0)
    }
  }

  async function entries(): Promise<Entries> {
    // Both files are read at the same time. An error of the key file comes first.
    const [opener, sealed] = await bothOf(key(), readSealed(paths, files))
    const plain = await opener.open(sealed, paths.file)
    try {
      return parseDocument(plain, paths.file)
    } finally {
      plain.fill(0)
    }
  }

  return { key, entries }
}

async function read(
  files: SourceFiles,
  path: string,
  maxBytes: number,
  whenMissing: string,
): Promise<Uint8Array> {
  try {
    return await files.read(path, { maxBytes })
  } catch (cause) {
    const errno = isLocketError(cause) ? errnoOf(cause.cause) : undefined
    if (errno === 'ENOENT' || errno === 'ENOTDIR') {
      throw new LocketError('credential_missing', `${path} is not there`, {
        hint: `${whenMissing}; a managed plugin sees only the folder of its config.source`,
        facts: { path },
        names: ['path'],
        cause,
      })
    }
    if (errno === 'EACCES') {
      const hint = 'the user that locket runs as must be able to read it'
      throw new LocketError('denied', `${path} may not be read`, { hint, cause })
    }
    throw cause
  }
}

async function bothOf<A, B>(first: Promise<A>, second: Promise<B>): Promise<readonly [A, B]> {
  second.catch(() => undefined)
  return [await first, await second]
}

async function warnIfExposed(path: string, emit: Emit): Promise<void> {
  const { mode } = await stat(path)
  if ((mode & 0o077) === 0) return
  emit('local.key_exposed', {
    path,
    mode: (mode & 0o777).toString(8).padStart(4, '0'),
  })
}
