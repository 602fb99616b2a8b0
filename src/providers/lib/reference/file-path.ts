import { errnoOf, isLocketError, rewordError } from '../../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../../core/ports/files.ts'
import { providerError } from '../provider-error.ts'
import { decodeReference, malformedReference } from './options.ts'

/**
 * Returns the decoded path of a file below a folder: segments that are neither empty nor dots. Throws
 * `ref_syntax`.
 */
export function readFilePath(path: string, text: string, shape: string): string {
  const segments = path.split('/').map((segment) => decodeReference(segment, text))
  if (
    segments.some((segment) => segment === '' || segment === '.' || segment === '..' || segment.includes('/'))
  )
    throw malformedReference(
      text,
      'is not a path of a file',
      `expected ${shape}, without a slash at the beginning`,
    )
  return segments.join('/')
}

/**
 * Reads a file below a folder, which the caller must wipe. Links that lead out of the folder are refused.
 * Rejects with `not_found`, `denied`, `too_large` or `io`.
 */
export async function readBelow(
  files: SourceFiles,
  { folder, path, maxBytes }: { readonly folder: string; readonly path: string; readonly maxBytes: number },
  provider: string,
): Promise<Uint8Array> {
  const place = `${folder}/${path}`
  try {
    return await files.read(place, { maxBytes, within: [folder] })
  } catch (thrown) {
    if (!isLocketError(thrown)) throw thrown
    const errno = errnoOf(thrown.cause)
    if (errno === 'ENOENT' || errno === 'ENOTDIR')
      throw providerError('not_found', `${provider}: there is no file ${place}`)
    throw rewordError(thrown, `${provider}: ${place}: ${thrown.reason}`, ['provider'])
  }
}
