import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Clock } from '../../core/ports/clock.ts'
import { certifyAuthority, certifyServer, createCertificateKey } from '../broker/tls/certificate.ts'
import { trustStore } from './trust-store.ts'

/** An authority that vouches for every host, towards the programs that are given its certificate. */
export interface BlindAuthority {
  /** PEM. */
  readonly certificate: string
  /** The same certificate as a PKCS #12 store for Java, without a password. */
  readonly store: Uint8Array
  certificateOf(host: string): SecureContext
}

const DAY_MS = 86_400_000
/** The longest life of a process that is trusted. The key ends with the process. */
const AUTHORITY_MS = 365 * DAY_MS
const LEAF_MS = 2 * DAY_MS
const RENEW_MS = DAY_MS
const MOST_HOSTS = 256

interface Leaf {
  readonly context: SecureContext
  readonly madeAt: number
}

/** Makes an authority. Its keys are only in memory. The certificates of 256 hosts are kept. */
export function openBlindAuthority({ now, elapsed }: Pick<Clock, 'now' | 'elapsed'>): BlindAuthority {
  const authority = createCertificateKey()
  const certificate = certifyAuthority(authority, now(), AUTHORITY_MS)
  // One key for all hosts: they all end in this process.
  const key = createCertificateKey()
  const pem = key.export({ format: 'pem', type: 'pkcs8' })
  const leaves = new Map<string, Leaf>()
  return {
    certificate,
    store: trustStore(new X509Certificate(certificate).raw),
    certificateOf(host) {
      const known = leaves.get(host)
      leaves.delete(host)
      const leaf = known !== undefined && elapsed() - known.madeAt < RENEW_MS ? known : make(host, elapsed())
      leaves.set(host, leaf)
      const [oldest] = leaves.keys()
      if (leaves.size > MOST_HOSTS && oldest !== undefined) leaves.delete(oldest)
      return leaf.context
    },
  }

  function make(host: string, madeAt: number): Leaf {
    const choices = { key, title: 'locket proxy', lifetimeMs: LEAF_MS }
    const made = certifyServer(authority, [host], now(), choices)
    return { context: createSecureContext({ key: pem, cert: made.certificate }), madeAt }
  }
}
