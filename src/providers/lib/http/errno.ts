import type { X509Certificate } from 'node:crypto'
import type { ErrorCode } from '../../../core/vocabulary/errors.ts'

/** The meaning of a failure below HTTP. */
interface ErrnoReading {
  readonly code: ErrorCode
  /** The text that follows the name of the server or proxy: `refused the connection (ECONNREFUSED)`. */
  readonly says: string
  readonly hint: string | undefined
  /**
   * The code of the system, OpenSSL, Node or undici, such as `ECONNREFUSED`. It holds nothing that the server
   * sent. Empty: the error has none.
   */
  readonly errno: string
}

/**
 * The code for a connection that was not made in time. Node has no such code; libc's text for it is
 * "Connection timed out".
 */
export const CONNECT_TIMEOUT = 'ETIMEDOUT'

/**
 * Reads an error of `node:http`, `node:tls` or `fetch`. Only its code is used, because its text may quote a
 * header, a URL or a body. The codes are documented at https://nodejs.org/api/errors.html and
 * https://nodejs.org/api/tls.html.
 */
export function readErrno(thrown: unknown): ErrnoReading {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  const errno = codeOf(cause)
  const [code, says, hint] = meaningOf(errno, cause)
  return { code, says: errno === '' ? says : `${says} (${errno})`, hint, errno }
}

const SHARED_NETWORK =
  "is the name right? a managed plugin shares the host's network, where names of containers and Compose services do not resolve"

function meaningOf(errno: string, cause: unknown): readonly [code: ErrorCode, says: string, hint?: string] {
  if (errno === 'ECONNREFUSED')
    return ['unavailable', 'refused the connection', 'is it running, and the address right?']
  if (errno === 'ENOTFOUND' || errno === 'EAI_AGAIN')
    return ['unavailable', 'has a host name that does not resolve', SHARED_NETWORK]
  if (errno === 'EHOSTUNREACH' || errno === 'ENETUNREACH')
    return ['unavailable', 'cannot be reached, because there is no route to it']
  if (errno === 'UND_ERR_CONNECT_TIMEOUT' || errno === 'ETIMEDOUT')
    return ['unavailable', 'did not take the connection in time']
  if (/^UND_ERR_(HEADERS|BODY)_TIMEOUT$/.test(errno)) return ['timeout', 'took too long to answer']
  // This error is retryable, because the clock may not be set yet after a boot.
  if (errno === 'CERT_NOT_YET_VALID')
    return ['unavailable', 'has a certificate that is not valid yet', "is this host's clock right?"]
  if (errno === 'CERT_HAS_EXPIRED') {
    const end = expiredAt(cause)
    const says = `has a certificate that ${end === undefined ? 'has expired' : `expired at ${end}`}`
    return ['provider_protocol', says, "renew it on the server; is this host's clock right?"]
  }
  if (isCertificateErrno(errno)) {
    return [
      'provider_protocol',
      'has a certificate that is not trusted',
      "name its CA in the provider's ca-cert setting or in NODE_EXTRA_CA_CERTS, or use the name it was made for",
    ]
  }
  if (/^(EPROTO|ERR_SSL_|ERR_TLS_)/.test(errno))
    return ['provider_protocol', 'does not speak TLS as expected', 'https or http?']
  if (errno.startsWith('HPE_')) return ['provider_protocol', 'does not speak HTTP', 'https or http?']
  if (cause instanceof Error && cause.message === 'bad port')
    return ['config', 'is on a port that no HTTP client may use']
  const hint = 'is it the right port, and no proxy or firewall in between?'
  return ['unavailable', 'broke off before the answer was complete', hint]
}

function isCertificateErrno(errno: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH/.test(errno)
}

/**
 * Returns the code of an error, or an empty text. A code comes from the system, OpenSSL or undici, and holds
 * nothing that the server sent.
 */
function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return ''
  return typeof thrown.code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(thrown.code) ? thrown.code : ''
}

/** The property of an error that holds the certificate of the server. */
export const CERTIFICATE = Symbol('certificate of the server')

/** Certificates of a chain that are looked at. */
const LONGEST_CHAIN = 10

/**
 * Returns the time when the certificate behind an error for an expired one ended: `2026-03-01 00:00 UTC`. It
 * is the earliest end in the chain. Undefined: the error holds no certificate.
 */
function expiredAt(thrown: unknown): string | undefined {
  let certificate = thrown instanceof Error ? (thrown as WithCertificate)[CERTIFICATE] : undefined
  let earliest: Date | undefined
  for (let at = 0; certificate !== undefined && at < LONGEST_CHAIN; at += 1) {
    const { validToDate } = certificate
    if (earliest === undefined || validToDate < earliest) earliest = validToDate
    certificate = certificate.issuerCertificate
  }
  return earliest && `${earliest.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

interface WithCertificate {
  readonly [CERTIFICATE]?: X509Certificate
}
