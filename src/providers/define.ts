import type { ListedSecret } from '../core/plan/granted-names.ts'
import type { SecretRef } from '../core/vocabulary/ref.ts'
import type { Lease, Resolve } from '../core/vocabulary/resolve.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { SourceFiles } from '../core/ports/files.ts'
import type { Emit } from '../core/ports/events.ts'
import type { StartWorker } from '../core/ports/process.ts'
import type { Section, SettingsOf } from '../settings/field.ts'

/** An opened provider. Opening it does no I/O; the first fetch does. */
export interface ProviderClient extends AsyncDisposable {
  /**
   * Resolves with one outcome for each distinct ref. A missing or denied secret is an outcome and not a
   * rejection. After dispose every outcome is `internal`.
   */
  readonly fetch: Resolve
  /**
   * Checks the credential as cheaply as the service allows: logs in, or asks for something small. Rejects if
   * it does not work.
   */
  probe(signal: AbortSignal): Promise<void>
  /**
   * Asks for the versions of all secrets, where one small question is enough for that. Left out: a question
   * for a version would cost as much as the one for the value.
   */
  readonly versions?: ((signal: AbortSignal) => Promise<VersionOf>) | undefined
  /** Left out: no value of the provider has a lease. */
  readonly leases?: LeaseCalls | undefined
  /**
   * Asks the server to tell changes, and goes on until the signal aborts. Never rejects. Left out: the server
   * tells nothing, so values are asked for by the clock.
   */
  readonly follow?: ((listener: ChangeListener, signal: AbortSignal) => Promise<void>) | undefined
  /** Lists everything that the credential may read, without values. Left out: the kind does not list. */
  readonly list?: ((signal: AbortSignal) => Promise<readonly ListedSecret[]>) | undefined
  /** Returns the numbers for Status; undefined for a provider that asks no server. */
  status(): ProviderStatus | undefined
}

/** The calls for the leases of one provider instance. They are made with the current login. */
export interface LeaseCalls {
  /**
   * Prolongs a lease. Resolves with its new end, which is limited by the server. Undefined: the lease is
   * gone. Rejects with `denied` when the login may not renew leases.
   */
  renew(lease: Lease, signal: AbortSignal): Promise<Lease | undefined>
  /** Ends a lease, and with it its values. A lease that is gone is a success. */
  revoke(id: string, signal: AbortSignal): Promise<void>
}

/** Hears what a server tells about changes. */
export interface ChangeListener {
  /** The values of those references may have changed for which `isAbout` is true. */
  changed(isAbout: (ref: SecretRef) => boolean): void
  /** True: the server tells changes from now on, until it is false. */
  live(isLive: boolean): void
}

/**
 * Returns the version of the secret of a reference: another text when the value may have changed. Undefined:
 * it is not known, or the value changes without a new version, as a one-time password does.
 */
export type VersionOf = (ref: SecretRef) => string | undefined

/** The requests of one provider instance, for Status and metrics. */
export interface ProviderStatus {
  readonly requestsLastHour: number
  /** All requests since it was opened. */
  readonly requests: number
  /** The rest of each limit of its rate; empty without a limit. */
  readonly limits: readonly LimitStatus[]
  /** Failures of the server in a row. */
  readonly failures: number
  /** The reason why no request goes at present; left out while requests go. */
  readonly paused?: string
  /** The number of patient requests that wait for the limits of requests; left out while none does. */
  readonly waiting?: number
  /**
   * Milliseconds by which the clock of this host is ahead of that of the server, by its last answer. Left
   * out: less than a minute, or the server tells no time.
   */
  readonly clockOffMs?: number
}

/** One limit of requests. */
export interface LimitStatus {
  /** The limit as its setting has it: `60/m`. */
  readonly limit: string
  /** The number of requests that may go now. */
  readonly left: number
}

/** The parts of the machine that a provider needs. */
export interface ProviderDeps {
  readonly clock: Clock
  readonly emit: Emit
  /** Reads credential files. */
  readonly files: SourceFiles
  /** Starts the process of a fenced library. */
  readonly startWorker: StartWorker
  /** The environment of this process. */
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * The variables that hold locket's own credentials, or the paths of their files. No reference may read
   * them.
   */
  readonly hiddenNames: ReadonlySet<string>
}

/**
 * How `refresh=auto` learns that values have changed: the milliseconds between two questions, or the files
 * that hold the values and are watched. `never`: the values cannot change while this process runs.
 */
type AutoRefresh<S extends Section> =
  | { readonly everyMs: number }
  | { files(settings: SettingsOf<S>): readonly string[] }
  | 'never'

/** A kind of secret manager. Each has one folder, and one entry in `index.ts`. */
export interface ProviderDef<S extends Section = Section> {
  /** The name of the kind: `op-connect`. */
  readonly kind: string
  /** Other names of the kind that the setting `provider` accepts. */
  readonly aliases?: readonly string[]
  /** The name for users: `1Password Connect`. */
  readonly title: string
  /** The schemes of its references, without `://`. */
  readonly schemes: readonly string[]
  /** A reference that shows the form: `op://Servers/Database/password`. */
  readonly example: string
  /** Its settings. Flags, variables, TOML, driver options, docs and the manifest are made from them. */
  readonly settings: S
  /**
   * Parses a reference without I/O. Undefined: the text is not a reference of this kind. Throws `ref_syntax`
   * for a malformed reference of this kind. The ref holds `instance`, which decides whose client fetches it.
   */
  parse(text: string, instance: string, settings: SettingsOf<S>): SecretRef | undefined
  /**
   * Returns the reference for an entry `{ provider, ref, field }` of a mapping file, where `ref` is what the
   * secret manager itself calls the secret. Left out: `SCHEME://REF`, and the entry may have no field.
   */
  mapped?(ref: string, field: string | undefined): string
  /**
   * Returns a text that is equal for the references whose values would come with one lease: the fields of one
   * secret. Left out: no value of the provider has a lease.
   */
  readonly leaseGroup?: (ref: SecretRef) => string
  /**
   * Files and folders of the operator that it reads although no setting names them. No volume may use them.
   */
  ownFiles?(settings: SettingsOf<S>): readonly string[]
  /**
   * Returns a text for the server that a file behind its settings names. Cached values are bound to it. Left
   * out: the settings themselves tell the server.
   */
  place?(settings: SettingsOf<S>): string
  /** Checks without I/O the settings that every reference needs. Returns one line for each problem. */
  check(settings: SettingsOf<S>): readonly string[]
  /**
   * Loads the code of the client and opens one. `instance` is its name in messages, log and Status. A command
   * loads only the clients that it uses. Rejects with `config` if a setting is missing.
   */
  open(settings: SettingsOf<S>, deps: ProviderDeps, instance: string): Promise<ProviderClient>
  readonly autoRefresh: AutoRefresh<S>
  /** True: its clients can list what the credential may read. */
  readonly lists?: true
  /**
   * True for a provider that answers from this machine at no cost. Its values are fetched again each time.
   */
  readonly isLocal?: true
}

/** Returns the definition unchanged. It gives `open` the types of the declared settings. */
export function defineProvider<S extends Section>(def: ProviderDef<S>): ProviderDef<S> {
  return def
}

/** A configured provider. `name` is the kind, or the name of its table in TOML; refs hold it. */
export interface ProviderInstance {
  readonly name: string
  readonly def: ProviderDef
  /** Parsed values of `def.settings`. */
  readonly settings: Readonly<Record<string, unknown>>
  /**
   * A text that is equal for equal settings, so that volumes share one client. Inline credentials are part of
   * it only as a hash.
   */
  readonly key: string
}
