import { isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Lease, Resolved } from '../../core/vocabulary/resolve.ts'
import { wipeAll, type Secret } from '../../core/vocabulary/secret.ts'
import type { Rate } from '../../core/waiting/rate.ts'
import type { Credential } from '../../settings/kinds.ts'
import type { LeaseCalls, ProviderClient, ProviderDeps, VersionOf } from '../define.ts'
import { fetchEach } from './each.ts'
import { createHttpClient, type HttpClient } from './http/http.ts'
import { abortError, throwIfAborted } from './http/http-errors.ts'
import { createTraffic } from './http/traffic.ts'
import { caCertReader } from './http/traffic-settings.ts'
import type { AmbientCredential } from './login/ambient.ts'
import { readCredential } from './login/credential.ts'
import { createSessions, type Session } from './login/sessions.ts'

/** The options of `openNetworkProvider`. */
interface NetworkOptions {
  /** The name of the instance: `bao` or `prod-vault`. */
  readonly provider: string
  readonly deps: ProviderDeps
  /** The address of the server, as `HttpUrl` parses it. `http.at` reaches other servers. */
  readonly baseUrl: string
  readonly maxConcurrent: number
  readonly maxRate: readonly Rate[]
  /** The name of the `ca-cert` setting, and its path if it is set. */
  readonly caCert: { readonly setting: string; readonly path: string | undefined }
}

/** A credential, and the setting that messages name. */
export interface NamedCredential {
  readonly setting: string
  readonly from: Credential | AmbientCredential
}

/** The references of one batch, and the signal of its callers. */
interface BatchCall {
  readonly refs: readonly SecretRef[]
  readonly signal: AbortSignal
}

/**
 * The protocol of one kind of provider: `V` is what a login gives, `B` what the references of a batch share.
 */
interface NetworkProtocol<V, B> {
  /** The credentials. They are read before each batch, and a login gets them in this order. */
  readonly credentials: readonly NamedCredential[]
  /** Logs in once. It must copy the credentials that it keeps. See `SessionOptions.login`. */
  readonly login: (credentials: readonly Secret[], signal: AbortSignal) => Promise<Session<V>>
  /** See `SessionOptions.prolong`. */
  readonly prolong?: (value: V, signal: AbortSignal) => Promise<number | undefined>
  /** False if the credential is the token itself. Default true. */
  readonly isRenewable?: boolean
  /** Overwrites the secrets of a login that is not used any more. */
  readonly wipe?: (value: V) => void
  /** Makes the data that the references of a batch share. It does no I/O. */
  readonly batch: (value: V, call: BatchCall) => B
  /** Fetches one value. Rejects with `auth` if another login may help. */
  readonly fetchOne: (ref: SecretRef, batch: B) => Promise<Resolved>
  /** See `ProviderClient.versions`. */
  readonly versions?: (batch: B) => Promise<VersionOf>
  /** See `ProviderClient.leases`. */
  readonly leases?: {
    readonly renew: (lease: Lease, batch: B) => Promise<Lease | undefined>
    readonly revoke: (id: string, batch: B) => Promise<void>
  }
  /** Asks the server for something small; left out: a login is enough. */
  readonly probe?: (batch: B) => Promise<void>
}

/**
 * Opens a provider that speaks HTTP: makes its traffic, HTTP client and sessions, and connects them to the
 * protocol. It does no I/O. `protocolOf` gets the HTTP client.
 */
export function openNetworkProvider<V, B>(
  { provider, deps, baseUrl, maxConcurrent, maxRate, caCert }: NetworkOptions,
  protocolOf: (http: HttpClient) => NetworkProtocol<V, B>,
): ProviderClient {
  const { clock, emit, files, env } = deps
  const traffic = createTraffic({ provider, maxConcurrent, rates: maxRate, clock })
  const caCertOf = caCertReader(caCert.path, files, { provider, setting: caCert.setting })
  const http = createHttpClient({ provider, baseUrl, maxConcurrent, traffic, env, caCert: caCertOf })
  const protocol = protocolOf(http)
  const sessions = createSessions<V>({
    clock,
    readCredentials: (signal) => readAll(protocol.credentials, { provider, deps, signal }),
    login: protocol.login,
    ...(protocol.prolong === undefined ? {} : { prolong: protocol.prolong }),
    ...(protocol.isRenewable === false ? { isRenewable: false } : {}),
    ...(protocol.wipe === undefined ? {} : { wipe: protocol.wipe }),
  })

  async function withBatch(call: BatchCall, work: (batch: B) => Promise<void>): Promise<void> {
    throwIfAborted(http.who, call.signal)
    await sessions.use(call.signal, (value) => work(protocol.batch(value, call)))
  }

  async function versions(signal: AbortSignal): Promise<VersionOf> {
    return (await call(signal, async (batch) => protocol.versions?.(batch))) ?? (() => undefined)
  }

  /** Makes one call with the current login. */
  async function call<T>(signal: AbortSignal, one: (batch: B) => Promise<T>): Promise<T> {
    try {
      throwIfAborted(http.who, signal)
      return await sessions.use(signal, (value) => one(protocol.batch(value, { refs: [], signal })))
    } catch (thrown) {
      throw signal.aborted && !isLocketError(thrown) ? abortError(http.who, signal.reason) : thrown
    }
  }

  function leaseCalls({ renew, revoke }: NonNullable<typeof protocol.leases>): LeaseCalls {
    return {
      renew: (lease, signal) => call(signal, (batch) => renew(lease, batch)),
      revoke: (id, signal) => call(signal, (batch) => revoke(id, batch)),
    }
  }

  const { fetchOne } = protocol
  return {
    ...(protocol.versions === undefined ? {} : { versions }),
    ...(protocol.leases === undefined ? {} : { leases: leaseCalls(protocol.leases) }),
    fetch: fetchEach<B>({ provider, emit, traffic, withBatch, fetchOne }),
    probe: (signal) => call(signal, async (batch) => protocol.probe?.(batch)),
    status: () => traffic.status(),
    async [Symbol.asyncDispose]() {
      sessions[Symbol.dispose]()
      for (const { from } of protocol.credentials) if (from.kind === 'ambient') from[Symbol.dispose]()
      await http[Symbol.asyncDispose]()
    },
  }
}

/**
 * Returns the reference that `parse` reads from a ref's key. Throws `internal` for a ref of another provider.
 */
export function ownReference<R>(ref: SecretRef, parse: (key: string) => R | undefined): R {
  const reference = parse(ref.key)
  if (reference === undefined) throw new LocketError('internal', 'a reference of another provider')
  return reference
}

async function readAll(
  credentials: readonly NamedCredential[],
  {
    provider,
    deps,
    signal,
  }: { readonly provider: string; readonly deps: ProviderDeps; readonly signal: AbortSignal },
): Promise<readonly Secret[]> {
  const secrets: Secret[] = []
  try {
    for (const { setting, from } of credentials) {
      const secret =
        from.kind === 'ambient'
          ? await from.read(signal)
          : await readCredential(from, deps.files, { provider, setting })
      secrets.push(secret)
    }
    return secrets
  } catch (thrown) {
    wipeAll(secrets)
    throw thrown
  }
}
