/**
 * The state of a machine. `invited`: it has no key yet. `pending`: it has a key and waits for a person who
 * compares fingerprints. Only an enabled machine gets answers.
 */
export type MachineState = 'invited' | 'pending' | 'enabled' | 'disabled'

/** The two public keys of a machine, 32 bytes each. */
export interface MachineKeys {
  /** Ed25519: verifies its requests. */
  readonly signing: Uint8Array
  /** X25519: seals the answers to it. */
  readonly sealing: Uint8Array
}

/** The rule for the tokens whose holders may be the machine. */
export interface WorkloadRule {
  /** The name of an issuer in the configuration of the broker. */
  readonly issuer: string
  /** Patterns by the names of claims. Each must fit. */
  readonly claims: Readonly<Record<string, string>>
}

/** A machine: a host or a container with an identity of its own. Times are milliseconds since the epoch. */
export interface MachineRecord {
  /** `m_` and 26 characters; it is the `keyid` of its signatures. */
  readonly id: string
  /** The name that people chose. It is unique. */
  readonly name: string
  readonly state: MachineState
  /** Left out: it has none yet, or the row holds keys of a wrong length. Such a machine gets no answers. */
  readonly keys?: MachineKeys
  /** The addresses that it may ask from, as CIDR. None: any address. */
  readonly cidrs: readonly string[]
  /** The moment after which it gets no answers. */
  readonly notAfter?: number
  readonly createdAt: number
  /** The last verified request, to the minute. */
  readonly lastSeen?: number
  /** The id of the person who provisioned it. Left out: it belongs to the administrators. */
  readonly owner?: string
  /** Who may be this machine by a token of an issuer. Left out: it proves itself by a key of its own. */
  readonly workload?: WorkloadRule
}

/** The access that a token of an issuer has given. It ends by itself. */
export interface WorkloadSession {
  /** `w_` and 26 characters; it is the `keyid` of its signatures. */
  readonly id: string
  /** The id of the machine. */
  readonly machine: string
  readonly keys: MachineKeys
  /** The claims of the token, for the policy. */
  readonly claims: Readonly<Record<string, unknown>>
  /** The moment after which it gets no answers. */
  readonly expires: number
}

/** The place of a secret: a project and a name in it. */
export interface SecretPlace {
  readonly project: string
  readonly name: string
}

/** A secret of the broker: a name for a reference of a provider. The broker stores no values. */
export interface SecretRecord extends SecretPlace {
  /** The reference as the operator wrote it: `op://vault/item/field`. */
  readonly reference: string
  readonly createdAt: number
}

/** The right of one machine to read one secret, or with the name `*` all secrets of the project. */
export interface GrantRecord extends SecretPlace {
  /** The id of the machine. */
  readonly machine: string
}

/** The name in a grant that means all secrets of a project, those of the future too. */
export const ALL_SECRETS = '*'
