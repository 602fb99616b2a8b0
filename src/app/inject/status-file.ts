import { basename, dirname } from '../../core/plan/paths.ts'
import { errnoOf, isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import type { Place } from '../../core/ports/files.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import type { Machine } from '../machine.ts'

/** Readable for every health check: it names files and holds no secret. */
const FILE_MODE = 0o644
const DIR_MODE = 0o755
const MAX_BYTES = 16 * 1024 * 1024

/** A file that exists exactly while all is well. It lists the files that must be there. */
export interface StatusFile {
  /** `targets`: absolute paths. */
  ready(targets: readonly string[]): Promise<void>
  notReady(): Promise<void>
}

/** Without a path, both functions do nothing. */
export function openStatusFile(
  path: string | undefined,
  { placed, sources }: Pick<Machine, 'placed' | 'sources'>,
): StatusFile {
  if (path === undefined) return { ready: async () => undefined, notReady: async () => undefined }
  const place = placeOf(path)
  let isOurs = false
  return {
    async ready(targets) {
      const content = Secret.fromText(JSON.stringify(targets))
      const options = { fileMode: FILE_MODE, dirMode: DIR_MODE }
      await placed.write([{ ...place, content, existing: 'replace' }], options)
    },
    async notReady() {
      if (!isOurs) await refuseForeign(path, sources)
      isOurs = true
      await placed.remove([place], [])
    },
  }
}

/**
 * An earlier run leaves an empty file or a list of paths. Any other content shows that the setting names a
 * wrong file.
 */
async function refuseForeign(path: string, sources: Machine['sources']): Promise<void> {
  let text: string
  try {
    text = new TextDecoder().decode(await sources.read(path, { maxBytes: MAX_BYTES }))
  } catch (thrown) {
    if (isLocketError(thrown) && errnoOf(thrown.cause) !== undefined) return
    throw thrown
  }
  if (text === '' || isList(text)) return
  throw new LocketError('plan_conflict', `status-file ${path} is there already, and is no status of locket's`)
}

function isList(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) && parsed.every((entry) => typeof entry === 'string')
  } catch {
    return false
  }
}

function placeOf(path: string): Place {
  return { folder: dirname(path), path: basename(path) }
}
