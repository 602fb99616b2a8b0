import type { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { CERTIFICATE } from './errno.ts'

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
