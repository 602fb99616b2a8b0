import { parentFolders } from './paths.ts'
import type { OutFile } from '../ports/files.ts'

type Sized = Pick<OutFile, 'path'> & { readonly content: { readonly byteLength: number } }

/** Bytes of a page of memory on x86-64, and on most ARM64 kernels. */
const PAGE_BYTES = 4096
/** Number of folders in every volume: the root of the tmpfs, `data/` and `stage/`. */
const OWN_FOLDERS = 3

/** Returns the bytes of tmpfs that the files need. Each file takes whole pages; folders take none. */
export function sizeNeeded(files: readonly Sized[], pageBytes: number = PAGE_BYTES): number {
  let pages = 0
  for (const file of files) pages += Math.ceil(file.content.byteLength / pageBytes)
  return pages * pageBytes
}

/** Returns the number of inodes for the files, their folders and the folders of every volume. */
export function inodesNeeded(files: readonly Sized[]): number {
  return files.length + parentFolders(files.map((file) => file.path)).length + OWN_FOLDERS
}
