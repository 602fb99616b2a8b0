import type { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'

/** The property of an error that holds the certificate of the server. */
const CERTIFICATE = Symbol('certificate of the server')

/** Certificates of a chain that are looked at. */
const LONGEST_CHAIN = 10

/**
 * Returns a function that adds to an error the certificate of the server. Node destroys a socket whose
 * certificate it refuses, so the certificate is kept before that.
 */
export function watchCertificate(socket: Duplex): <T>(thrown: T) => T {
  let certificate: X509Certificate | undefined
  if (socket instanceof TLSSocket) {
    // Node checks the certificate in its own listener of this event.
    socket.prependOnceListener('secure', () => {
      certificate = socket.getPeerX509Certificate()
    })
  }
  return (thrown) => {
    if (certificate !== undefined && thrown instanceof Error)
      Object.assign(thrown, { [CERTIFICATE]: certificate })
    return thrown
  }
}

/**
 * Returns the time when the certificate behind an error for an expired one ended: `2026-03-01 00:00 UTC`. It
 * is the earliest end in the chain. Undefined: the error holds no certificate.
 */
export function expiredAt(thrown: unknown): string | undefined {
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
