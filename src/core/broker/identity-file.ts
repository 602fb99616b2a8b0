import { createHash } from 'node:crypto'

/** The content of `identity.json`: who a machine is, and how it knows its broker. It holds no secret. */
export interface MachineIdentity {
  readonly machineId: string
  readonly machineName: string
  /** The broker, as programs for several brokers name it: see `vaultIdOf`. A bundle has it. */
  readonly vaultId?: string
  /** The address of the broker: `https://broker.example:7468`, or `unix:/run/locket/broker.sock`. */
  readonly apiUrl: string
  /** The public key that signs the broker's answers: 32 bytes in base64. */
  readonly serverKey: string
  /** The certificate of the broker's own authority, as PEM. Left out: the usual authorities vouch for it. */
  readonly caPem?: string
  /**
   * The path of the private key; a relative one begins in the folder of this file. In a bundle, which has a
   * `vaultId`, the key is beside this file, and the path is the one in a container. Left out: the machine is
   * a workload, which proves itself by a token of an issuer.
   */
  readonly privateKeyPath?: string
}

/** Names of the files of an identity. */
export const IDENTITY_FILES = {
  identity: 'identity.json',
  key: 'private.pem',
  settings: 'cli.json',
  authority: 'ca.pem',
} as const

/** The folder at which a container has its bundle: programs of others look for the key there. */
export const BUNDLE_FOLDER = '/etc/sikkerkey'

/**
 * Returns the name of a broker in paths, `vault_` and 24 characters. It follows from the public key of the
 * broker, so replicas agree and it never changes.
 */
export function vaultIdOf(serverKey: Uint8Array): string {
  return `vault_${createHash('sha256').update(serverKey).digest('hex').slice(0, 24)}`
}

/** Returns the text of `identity.json`. */
export function formatIdentity(identity: MachineIdentity): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(identity, undefined, 2)}\n`)
}

/** The text that a broker signs to vouch for its authority, so that a token alone is enough to trust it. */
export function serverStatement(authority: string | undefined): Uint8Array {
  return new TextEncoder().encode(`locket v2 server\n${authority ?? ''}`)
}

/** The text that a machine signs with its new key to enrol it, so that nobody enrols the key of another. */
export function enrolStatement(token: string): Uint8Array {
  return new TextEncoder().encode(`locket v2 enrol\n${token}`)
}

/**
 * The text that a workload signs with its key of the moment, so that nobody else's key gets its session. The
 * keys are in base64.
 */
export function workloadStatement(
  token: string,
  { machine, sealing }: { readonly machine: string; readonly sealing: string },
): Uint8Array {
  return new TextEncoder().encode(`locket v2 workload\n${machine}\n${sealing}\n${token}`)
}
