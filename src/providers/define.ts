import type { SecretRef } from '../core/vocabulary/ref.ts'
import type { Resolve } from '../core/vocabulary/resolve.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { SourceFiles } from '../core/ports/files.ts'
import type { Emit } from '../core/ports/events.ts'
import type { StartWorker } from '../core/ports/process.ts'
import type { Section, SettingsOf } from '../settings/field.ts'

/** An opened provider. Opening does no I/O; the first fetch does. */
export interface ProviderClient extends AsyncDisposable {
  /** One outcome per distinct ref; missing, denied and the like are outcomes, not throws. After dispose: `internal`. */
  readonly fetch: Resolve
  /** Shows whether the credential works, as cheaply as the service allows: logs in, or asks for something small. Rejects if not. */
  probe(signal: AbortSignal): Promise<void>
  /** What Status tells; undefined where nobody is asked over a network. */
  status(): ProviderStatus | undefined
}

export interface ProviderStatus {
  readonly requestsLastHour: number
  /** Why nothing is asked at present; left out while requests go. */
  readonly paused?: string
}

export interface ProviderDeps {
  readonly clock: Clock
  readonly emit: Emit
  /** Reads credential files. */
  readonly files: SourceFiles
  /** Fences a library in. */
  readonly startWorker: StartWorker
  /** The variables of this process. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Variables that hold locket's own credentials: what their names point at is given to nobody. */
  readonly hiddenNames: ReadonlySet<string>
}

/** A kind of secret manager: one folder, one line in `index.ts`. */
export interface ProviderDef<S extends Section = Section> {
  readonly kind: string
  /** What `provider` may say instead of `kind`. */
  readonly aliases?: readonly string[]
  readonly title: string
  /** Without `://`. */
  readonly schemes: readonly string[]
  /** Its settings: flags, env, TOML, driver options, docs and manifest all come from them. */
  readonly settings: S
  /**
   * Pure. `undefined`: not mine. Throws `ref_syntax`: mine, but malformed.
   * `instance` goes into the ref, so that `fetch` of the right client gets it.
   */
  parse(text: string, instance: string, settings: SettingsOf<S>): SecretRef | undefined
  /** Files of the operator's that it reads without a setting that names them: no volume may. */
  readonly ownFiles?: readonly string[]
  /** Settings that must be there before a reference can work, checked without I/O: one line per problem. */
  check(settings: SettingsOf<S>): readonly string[]
  /** `instance` is what messages, log and Status call it. */
  open(settings: SettingsOf<S>, deps: ProviderDeps, instance: string): ProviderClient
  /** Answers from this machine at no cost: what it gave is asked for again each time. */
  readonly isLocal?: true
}

/** Carries the types of the settings from the declaration to `open`. */
export function defineProvider<S extends Section>(def: ProviderDef<S>): ProviderDef<S> {
  return def
}

/** A provider as configured: `name` is what references carry, the kind or the name of its table in TOML. */
export interface ProviderInstance {
  readonly name: string
  readonly def: ProviderDef
  /** Parsed values of `def.settings`. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Equal for equal settings, so that volumes share one client. Holds no credential: inline ones enter as a hash. */
  readonly key: string
}
