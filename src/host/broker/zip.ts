import { zipSync, type Zippable } from 'fflate'

/**
 * Returns a ZIP archive of the files, which are stored and not compressed. Each has mode 0600, so that
 * `unzip` makes private files.
 */
export function zipFiles(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const archive: Zippable = {}
  for (const [name, bytes] of files) archive[name] = [bytes, { level: 0, os: UNIX, attrs: PRIVATE_FILE }]
  return zipSync(archive)
}

/** The form of Info-ZIP: made by Unix, a regular file with mode 0600. */
const UNIX = 3
const PRIVATE_FILE = (0o100600 << 16) >>> 0
