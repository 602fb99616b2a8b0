import { explicit, integer, octets, oid, sequence, setOf, type Der } from '../broker/tls/der.ts'

const DATA = '1.2.840.113549.1.7.1'
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3'
const X509 = '1.2.840.113549.1.9.22.1'
/** The attribute by which Java takes a certificate as trusted, and the value for every use. */
const TRUSTED_BY_JAVA = '2.16.840.1.113894.746875.1.1'
const ANY_USE = '2.5.29.37.0'

/**
 * Returns a PKCS #12 store (RFC 7292) with one trusted certificate, given as DER. It holds nothing secret, so
 * it is neither encrypted nor protected by a password. Java 11 and later read it.
 */
export function trustStore(certificate: Der): Uint8Array {
  const bag = sequence(
    oid(CERTIFICATE_BAG),
    explicit(0, sequence(oid(X509), explicit(0, octets(certificate)))),
    setOf(sequence(oid(TRUSTED_BY_JAVA), setOf(oid(ANY_USE)))),
  )
  const contents = data(sequence(bag))
  return sequence(integer(Uint8Array.of(3)), data(sequence(contents)))
}

function data(content: Der): Der {
  return sequence(oid(DATA), explicit(0, octets(content)))
}
