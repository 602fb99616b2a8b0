import { isLocketError, rewordError } from '../../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../../core/ports/files.ts'
import { field } from '../../../settings/field.ts'
import { AbsolutePath, Count, Rates } from '../../../settings/kinds.ts'
import { providerError } from '../provider-error.ts'

interface Named {
  /** The beginning of the provider's settings: `connect-`. */
  readonly prefix: string
  /** The beginning of the provider's variables: `OP_CONNECT_`. */
  readonly env: string
  /** The server, for the summary: `the Connect server`. */
  readonly server: string
}

/** Returns the setting for the number of requests at the same time. `usual` is its default. */
export function maxConcurrentField({ prefix, env, server }: Named, usual = '20') {
  return field({
    name: `${prefix}max-concurrent`,
    env: `${env}MAX_CONCURRENT`,
    schema: Count,
    default: usual,
    summary: `requests to ${server} in flight at once`,
    placeholder: 'COUNT',
  })
}

/**
 * Returns the setting for the rate of requests. `usual` is its default: the limit that the server publishes.
 * Driver options may set it only together with one of `credentials`.
 */
export function maxRateField({ prefix, env, server }: Named, usual: string, credentials: readonly string[]) {
  return field({
    name: `${prefix}max-rate`,
    env: `${env}MAX_RATE`,
    schema: Rates,
    default: usual,
    summary: `requests to ${server} in a second, minute, hour or day: 5/s, 60/m, 1000/h or 5000/d, several joined by a comma, or none`,
    placeholder: 'RATE',
    needsCredential: credentials,
  })
}

/**
 * Returns the setting for further authorities to trust. Driver options may set it only together with one of
 * `credentials`.
 */
export function caCertField({ prefix, env, server }: Named, credentials: readonly string[]) {
  return field({
    name: `${prefix}ca-cert`,
    env: `${env}CA_CERT`,
    schema: AbsolutePath.optional(),
    example: '/etc/locket/ca.pem',
    summary: `a PEM file of authorities to trust for ${server}, beside the usual ones`,
    placeholder: 'FILE',
    file: true,
    needsCredential: credentials,
  })
}

const MAX_PEM_BYTES = 1024 * 1024

/**
 * Returns a function that reads the file of a `ca-cert` setting: PEM text of at most 1 MiB. Undefined: the
 * setting is not set. The function rejects with `config` if the file holds no certificate.
 */
export function caCertReader(
  path: string | undefined,
  files: SourceFiles,
  named: { readonly provider: string; readonly setting: string },
): (() => Promise<string>) | undefined {
  if (path === undefined) return undefined
  const { provider, setting } = named
  return async () => {
    try {
      const text = new TextDecoder('latin1').decode(await files.read(path, { maxBytes: MAX_PEM_BYTES }))
      if (/-----BEGIN (TRUSTED )?CERTIFICATE-----/.test(text)) return text
    } catch (thrown) {
      throw isLocketError(thrown)
        ? rewordError(thrown, `${provider}: ${setting}: ${thrown.reason}`, ['provider'])
        : thrown
    }
    throw providerError('config', `${provider}: ${setting}: ${path} holds no certificate in PEM form`)
  }
}
