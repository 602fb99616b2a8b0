import { createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Server } from 'node:https'
import { createSecureContext } from 'node:tls'
import { errnoOf, LocketError } from '../../../core/vocabulary/errors.ts'
import { systemReason } from '../../../core/vocabulary/system-errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import type { Emit } from '../../../core/ports/events.ts'
import { certifyServer, type Certified } from './certificate.ts'

/** A certificate and its key, as PEM. */
interface Pems {
  readonly cert: string
  readonly key: string
}

/** Where the certificate of a listener comes from. */
export type TlsSource =
  | { readonly kind: 'own'; readonly authority: Certified; readonly names: readonly string[] }
  | { readonly kind: 'files'; readonly cert: string; readonly key: string }

/** The certificate of a listener at present, and the parts of the process that its renewal needs. */
interface Renewal {
  readonly first: Pems
  readonly clock: Clock
  readonly emit: Emit
  readonly signal: AbortSignal
}

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** Resolves with the certificate and the key of now. Rejects with `config` for files that do not fit. */
export async function readTls(source: TlsSource, now: number): Promise<Pems> {
  if (source.kind === 'own') {
    const { key, certificate } = certifyServer(source.authority.key, source.names, now)
    return { cert: certificate, key: key.export({ format: 'pem', type: 'pkcs8' }) }
  }
  const pems = { cert: await readPem('tls-cert', source.cert), key: await readPem('tls-key', source.key) }
  checkPair(pems, source)
  return pems
}

/**
 * Gives the listener a new certificate: one of our own each day, because each is good for 90 days, and files
 * within a minute after they have changed. Runs until the signal aborts, and never rejects. `first`: what the
 * listener has at present.
 */
export async function renewTls(
  server: Server,
  source: TlsSource,
  { first, clock, emit, signal }: Renewal,
): Promise<void> {
  let last = first
  while (!signal.aborted) {
    try {
      await clock.sleep(source.kind === 'own' ? DAY_MS : MINUTE_MS, signal)
      const next = await readTls(source, clock.now())
      if (next.cert === last.cert && next.key === last.key) continue
      server.setSecureContext(next)
      if (source.kind === 'files') emit('broker.certificate')
      last = next
    } catch (thrown) {
      // Files that are being replaced are read again a minute later.
      if (!signal.aborted)
        emit('broker.trouble', {
          error: thrown instanceof LocketError ? thrown.message : 'the certificate could not be renewed',
        })
    }
  }
}

async function readPem(setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1')
  } catch (thrown) {
    throw new LocketError('config', `${setting}: cannot read ${path}: ${systemReason(errnoOf(thrown))}`, {
      cause: thrown,
    })
  }
}

function checkPair({ cert, key }: Pems, source: { readonly cert: string; readonly key: string }): void {
  attempt(() => createSecureContext({ cert }), `tls-cert: ${source.cert} holds no certificate in PEM form`)
  attempt(() => createPrivateKey(key), `tls-key: ${source.key} holds no private key in PEM form`)
  const unfit = `tls-key: ${source.key} is not the key of the certificate in ${source.cert}`
  attempt(() => createSecureContext({ cert, key }), unfit)
}

function attempt(work: () => unknown, reason: string): void {
  try {
    work()
  } catch {
    throw new LocketError('config', reason)
  }
}
