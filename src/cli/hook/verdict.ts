import { realpathSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { writeRecord, type TrustRecord } from '../../core/plan/trust.ts'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { CommandContext } from '../define.ts'
import { mappingOfFolder, type FolderMapping } from './folder.ts'

/**
 * Returns the mapping file that the hook uses in a folder: in the one that is named, in that of the file that
 * is named, or in the working directory. Throws `config` when there is none, or another one than is named.
 */
export function chosenMapping(named: string | undefined, context: CommandContext): FolderMapping {
  const { folder, file } = placeOf(named, context.cwd)
  const found = mappingOfFolder(folder, context)
  if (found === undefined)
    throw new LocketError('config', `there is no mapping file in ${folder} or above it`, {
      hint: '`locket mapping add` makes one',
    })
  if ('error' in found) throw found.error
  if (file === undefined || file === found.path) return found
  throw new LocketError('config', `a hook does not use ${file}: in its folder it uses ${found.path}`)
}

/** Keeps the verdict of the user on the content that was read. */
export async function keepVerdict(
  { recordPath, path, content }: FolderMapping,
  verdict: TrustRecord['verdict'],
  at: number,
): Promise<void> {
  const { writePrivateFile } = await import('../../wire.ts')
  await writePrivateFile(recordPath, Buffer.from(writeRecord({ verdict, content, at, path })))
}

function placeOf(
  named: string | undefined,
  cwd: string,
): { readonly folder: string; readonly file?: string } {
  if (named === undefined) return { folder: cwd }
  const path = resolve(cwd, named)
  try {
    if (statSync(path).isDirectory()) return { folder: realpathSync(path) }
    const folder = realpathSync(dirname(path))
    return { folder, file: resolve(folder, path.slice(path.lastIndexOf('/') + 1)) }
  } catch (thrown) {
    throw new LocketError('config', `cannot read ${path}: ${systemReason(errnoOf(thrown), 'read')}`, {
      cause: thrown,
    })
  }
}
