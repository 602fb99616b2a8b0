import { lstatSync, readlinkSync, statSync, type Stats } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Place } from '../../core/ports/files.ts'

/**
 * Checks all places before anything is written, as `refuseSpecial` does. A place below a file is refused
 * later, when its folder is opened.
 */
export function refuseSpecialPlaces(files: readonly Place[]): void {
  for (const file of files) {
    const path = join(file.folder, file.path)
    const before = statOrNothing(() => lstatSync(path))
    if (before !== undefined) refuseSpecial(file, path, before)
  }
}

/**
 * Throws `io` for a device, a pipe or a socket, and for a link to one or to a folder: replacing `/dev/stdout`
 * would break the host. `path`: a path by which the place can be reached. `before`: the result of lstat(2)
 * for it.
 */
export function refuseSpecial({ folder, path: name }: Place, path: string, before: Stats): void {
  const shown = join(folder, name)
  if (!before.isSymbolicLink()) {
    if (before.isFile() || before.isDirectory()) return
    throw new LocketError('io', `${shown} exists and is not a regular file`)
  }
  const target = resolve(dirname(shown), readlinkSync(path))
  const end = statOrNothing(() => statSync(path))
  // /proc/self/fd/1 may be a regular file, and the link to it must stay nevertheless.
  if ((end === undefined || end.isFile()) && !/^\/(?:proc|dev)\//.test(target)) return
  throw new LocketError('io', `${shown} is a link to ${target}, which is not a regular file`, {
    hint: 'name another place for the file',
  })
}

function statOrNothing(look: () => Stats): Stats | undefined {
  try {
    return look()
  } catch {
    // There is no file, or it cannot be reached.
    return undefined
  }
}
