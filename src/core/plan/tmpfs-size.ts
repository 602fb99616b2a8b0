import { parentFolders } from './paths.ts'
import type { OutFile } from '../ports/files.ts'

type Sized = Pick<OutFile, 'path'> & { readonly content: { readonly byteLength: number } }

const PAGE_BYTES = 4096
/** The tmpfs's own root, `data/` and `stage/`. */
const OWN_FOLDERS = 3

/** Bytes of tmpfs that the files take: whole pages each. Folders take none. */
export function sizeNeeded(files: readonly Sized[], pageBytes: number = PAGE_BYTES): number {
  let pages = 0
  for (const file of files) pages += Math.ceil(file.content.byteLength / pageBytes)
  return pages * pageBytes
}

/** Inodes that the files take, with the folders they lie in and our own. */
export function inodesNeeded(files: readonly Sized[]): number {
  return files.length + parentFolders(files.map((file) => file.path)).length + OWN_FOLDERS
}
