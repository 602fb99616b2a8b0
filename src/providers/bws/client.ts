import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import type { Outcome } from '../../core/vocabulary/resolve.ts'
import type { Credential } from '../../settings/kinds.ts'
import type { Traffic } from '../lib/http/traffic.ts'
import type { ProxyEnvironment } from '../lib/proxy/choose-proxy.ts'
import type { BwsReference } from './refs.ts'

/** What both clients are made of. */
export interface BwsOptions {
  /** In messages: the instance. */
  readonly provider: string
  readonly token: Credential
  readonly apiUrl: string
  readonly identityUrl: string
  readonly userAgent: string
  readonly files: SourceFiles
  /** Of both servers. */
  readonly traffic: Traffic
  /** The proxy variables. */
  readonly env: ProxyEnvironment
}

/** One value that somebody wants; `key` tells it from others. */
export interface BwsQuery extends BwsReference {
  readonly key: string
}

export type BwsAnswer =
  /** By `key`. What the server left out is left out. The receiver wipes the values. */
  | { readonly kind: 'some'; readonly outcomes: ReadonlyMap<string, Outcome> }
  /** The service answers all or nothing, and one of them is to blame. `error`: what that says of one that was asked for alone. */
  | { readonly kind: 'none'; readonly error: LocketError }

export interface BwsIdentity {
  /** One request; `take` says what for when it may go, and again for each retry. What says nothing of a single secret rejects. */
  read(take: () => readonly BwsQuery[], signal: AbortSignal): Promise<BwsAnswer>
}

/** A way to talk to Secrets Manager. */
export interface BwsClient extends AsyncDisposable {
  /** Does the work with a login, as `Sessions.use` does. */
  use<R>(signal: AbortSignal, work: (login: BwsIdentity) => Promise<R>): Promise<R>
}
