import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import type { Outcome } from '../../core/vocabulary/resolve.ts'
import type { Credential } from '../../settings/kinds.ts'
import type { Traffic } from '../lib/http/traffic.ts'
import type { ProxyEnvironment } from '../lib/proxy/choose-proxy.ts'
import type { BwsReference } from './refs.ts'

/** The options that both clients need. */
export interface BwsOptions {
  /** The name of the instance, for messages. */
  readonly provider: string
  readonly token: Credential
  readonly apiUrl: string
  readonly identityUrl: string
  readonly userAgent: string
  readonly files: SourceFiles
  /** The gate that the requests to both servers pass. */
  readonly traffic: Traffic
  /** The environment; only its proxy variables are read. */
  readonly env: ProxyEnvironment
}

/** One value to read. `key` identifies it in the answer. */
export interface BwsQuery extends BwsReference {
  readonly key: string
}

/** The answer to one read. */
export type BwsAnswer =
  /**
   * The outcomes by `key`. A value that the server left out is missing. The receiver must wipe the values.
   */
  | { readonly kind: 'some'; readonly outcomes: ReadonlyMap<string, Outcome> }
  /**
   * The server refused the whole request because of at least one of its ids. `error` applies to an id that
   * was asked for alone.
   */
  | { readonly kind: 'none'; readonly error: LocketError }

/** A login that reads secrets. */
export interface BwsIdentity {
  /**
   * Sends one request. `take` returns the values to ask for; it is called when the request may go, and again
   * for each retry. Rejects for an error that is not about a single secret.
   */
  read(take: () => readonly BwsQuery[], signal: AbortSignal): Promise<BwsAnswer>
}

/** A client of Secrets Manager: the builtin one or the SDK. */
export interface BwsClient extends AsyncDisposable {
  /** Runs `work` with a login, as `Sessions.use` does. */
  use<R>(signal: AbortSignal, work: (login: BwsIdentity) => Promise<R>): Promise<R>
}
