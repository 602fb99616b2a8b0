import { mkdtemp, chmod, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import { makeFolders } from '../files/make-folders.ts'
import { writeError } from '../files/write-error.ts'
import type { BlindAuthority } from './authority.ts'

/** The files that programs need to trust the proxy. They hold nothing secret. */
interface TrustFiles {
  /** PEM. */
  readonly certificate: string
  /** PKCS #12. */
  readonly store: string
}

/** Everybody may read the files: the command may change its user. */
const FILE_MODE = 0o644
const FOLDER_MODE = 0o755

/** Writes the files into a new folder, which is removed on disposal. Rejects with `io`. */
export async function openTrustFolder(authority: BlindAuthority): Promise<AsyncDisposable & TrustFiles> {
  const parent = tmpdir()
  const folder = await mkdtemp(join(parent, 'locket-blind-')).catch((thrown: unknown) => {
    throw writeError(parent, thrown)
  })
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    await chmod(folder, FOLDER_MODE)
    return { ...(await writeTrustFiles(folder, authority)), [Symbol.asyncDispose]: remove }
  } catch (thrown) {
    await remove()
    throw writeError(folder, thrown)
  }
}

/** Writes the files into a folder, which is made if it is missing. Rejects with `io`. */
export async function writeTrustFiles(folder: string, authority: BlindAuthority): Promise<TrustFiles> {
  await makeFolders(folder)
  const files = { certificate: join(folder, 'ca.pem'), store: join(folder, 'ca.p12') }
  await replacePublic(files.certificate, Buffer.from(authority.certificate))
  await replacePublic(files.store, authority.store)
  return files
}

/** Replaces a file as a whole. `mode` left out: everybody may read it. Rejects with `io`. */
export async function replacePublic(path: string, content: Uint8Array, mode = FILE_MODE): Promise<void> {
  const temporary = `${path}.tmp`
  try {
    await rm(temporary, { force: true })
    await writeFile(temporary, content, { flag: 'wx', mode })
    await chmod(temporary, mode)
    await rename(temporary, path)
  } catch (thrown) {
    throw writeError(path, thrown)
  }
}

/** Removes a file, if there is one. Rejects with `io`. */
export async function removeIfThere(path: string): Promise<void> {
  await rm(path, { force: true }).catch((thrown: unknown) => {
    throw writeError(path, thrown)
  })
}

/** Reads a text of at most 1 MiB. Undefined: the file is missing. Rejects with `io`. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).slice(0, 1024 * 1024)
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined
    throw writeError(path, thrown)
  }
}
