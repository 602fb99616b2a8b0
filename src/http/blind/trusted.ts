import { getCACertificates } from 'node:tls'
import type { SourceFiles } from '../../core/ports/files.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'

const MOST_BYTES = 1024 * 1024

/**
 * Returns the certificates that servers may have: those that Node trusts, and those of a PEM file. Undefined:
 * those that Node trusts. Rejects with `io`, and with `config` when the file has no certificate.
 */
export async function readTrusted(
  path: string | undefined,
  sources: SourceFiles,
): Promise<readonly string[] | undefined> {
  if (path === undefined) return undefined
  const text = Buffer.from(await sources.read(path, { maxBytes: MOST_BYTES })).toString('latin1')
  const own = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (own === null) throw new LocketError('config', `upstream-ca: ${path} holds no certificate as PEM`)
  return [...getCACertificates('default'), ...own]
}
