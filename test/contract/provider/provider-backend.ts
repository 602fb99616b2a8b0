import type { TestContext } from 'node:test'
import type { Service } from '../../fixtures/servers/http-fixture.ts'
import type { ProviderDef, ProviderDeps } from '../../../src/providers/define.ts'

/**
 * Settings as a user writes them, by the keys of the section's declaration; a setting that is left out has
 * its default.
 */
export type SettingTexts = Readonly<Record<string, string>>

/** Faults and changes that a test can cause in a backend. A kind that cannot gives its reason in `lacks`. */
export interface Knobs {
  /** Settings that hold a credential nobody accepts. */
  readonly badCredential: () => Promise<SettingTexts>
  /** Settings whose credential file is not there, and a way to put it there. */
  readonly lateCredential: () => Promise<{ settings: SettingTexts; path: string; provide(): Promise<void> }>
  /**
   * From now on only a new credential is accepted; the file that `settings` names is swapped for one that
   * holds it.
   */
  readonly rotateCredential: () => Promise<void>
  /** From now on the credential may not read what `reference` points at. */
  readonly forbid: (reference: string) => Promise<void>
  /** Every answer is "too many requests". */
  readonly throttle: () => void
  /** Every answer has this status, with a body that repeats every canary. */
  readonly fail: (status: number) => void
  /** The next answers have this status, as many as `count`; then all is well. */
  readonly failNext: (count: number, status: number) => void
  /** Tokens that were given out so far are not accepted any more; the credential still is. */
  readonly expire: () => void
  /** Every connection is cut in the middle of the answer. */
  readonly drop: () => void
  /** Nobody listens any more. */
  readonly refuse: () => Promise<void>
  /** Requests are taken and never answered. */
  readonly hang: () => void
  /** Every answer waits this long. */
  readonly slow: (ms: number) => void
  /** Its settings with at most `count` requests in flight. */
  readonly limit: (count: number) => SettingTexts
  readonly gauge: () => {
    /** All requests, with logins. */
    readonly requests: number
    /** The logins among them; 0 for a kind that has none. */
    readonly logins: number
    readonly maxInFlight: number
    readonly openSockets: number
  }
}

/** A running service, or a file on disk, made for one test; `t.after` releases its resources. */
export interface Backend {
  /** With which every secret can be read. The credential is in a file, where the kind has one. */
  readonly settings: SettingTexts
  /** Stores a value and gives the reference that reads it. */
  put(name: string, value: Uint8Array): Promise<string>
  /**
   * Stores values as the fields of one item, and gives the reference to all of them: with a name in place of
   * the `*` it reads one. Left out: the kind refuses such references, see `noAll`.
   */
  putAll?(values: Readonly<Record<string, string>>): Promise<string>
  /** A well-formed reference to nothing. */
  readonly missing: string
  /**
   * Credentials and the like that nothing may print. Values that the suite puts are watched without being
   * named.
   */
  readonly canaries: readonly string[]
  readonly knobs: Partial<Knobs>
  /** In place of the real ones, or of an empty environment. */
  readonly deps?: Partial<ProviderDeps>
}

export interface ProviderSubject {
  readonly def: ProviderDef
  start(t: TestContext): Promise<Backend>
  /** Texts that belong to other providers or to nobody. */
  readonly foreign: readonly string[]
  /** Ours, but unusable. */
  readonly malformed: readonly string[]
  /** Each group is one secret, written in different ways; no two groups are the same secret. */
  readonly spellings: readonly (readonly string[])[]
  /** Names of settings without which nothing can work: `connect-host`. */
  readonly required: readonly string[]
  /** The version of a secret that was stored once; left out: this provider tells none. */
  readonly firstVersion?: string
  /** A reference to all fields, for a kind that cannot read them at once, and what its error says. */
  readonly noAll?: { readonly text: string; readonly says: RegExp }
  /** Why a value can be nothing but text, where that is so. */
  readonly textOnly?: string
  /** Why a knob does not apply to this kind. Every knob is either in the backend or here. */
  readonly lacks: Partial<Record<keyof Knobs, string>>
}

/** The knobs that any fixture service has. `isLogin`: which of its requests are logins. */
export function serviceKnobs(service: Service, isLogin: (request: string) => boolean = () => false) {
  const { knobs } = service
  return {
    throttle: () => void (knobs.failStatus = 429),
    fail: (status: number) => void (knobs.failStatus = status),
    failNext: (count: number, status: number) =>
      void knobs.failNext.push(...Array.from({ length: count }, () => ({ status }))),
    drop: () => void (knobs.trouble = 'cut'),
    refuse: async () => service[Symbol.asyncDispose](),
    hang: () => void (knobs.trouble = 'hang'),
    slow: (ms: number) => void (knobs.delayMs = ms),
    gauge: () => ({
      requests: service.requests.length,
      logins: service.requests.filter(isLogin).length,
      maxInFlight: service.maxInFlight,
      openSockets: service.openSockets,
    }),
  } satisfies Partial<Knobs>
}
