import { isWithin } from '../../core/broker/addresses.ts'
import { keyFingerprint, type Key } from '../../core/broker/keys.ts'
import { mostRsaBytes, openRsa, readRsaKey, rsaKeyText, sealRsa } from '../../core/broker/sealed/rsa.ts'
import { GRACKLE_SKEW_MS, type GrackleRequest } from '../../core/broker/signing/grackle.ts'
import type { RegisteredClient } from '../../core/broker/signing/registry.ts'
import { createSigners } from '../../core/broker/signing/signers.ts'
import { isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { createMeter } from '../../core/waiting/meter.ts'
import { createNonceMemory } from '../broker/admission/nonces.ts'
import type { Authenticated } from '../broker/authenticate.ts'
import { createPlaces } from './places.ts'
import type { GracklePorts } from './ports.ts'
import { createGrackleRefusals, type Refusals } from './refusals.ts'
import { createRegistryApi, type RegistryApi } from './registry-api.ts'

/** The sender of a request, and the end of its time. */
interface Asked {
  /** The address of the sender. Empty on a Unix socket. */
  readonly address: string
  readonly signal: AbortSignal
}

/** The server of grackleclub's protocol. */
export interface Grackle extends Pick<Refusals, 'refuse'> {
  /** The public key for requests, as PEM. */
  readonly serverKey: string
  /** Rejects with `denied` for an address outside the networks. Call it before a body is read. */
  admit(address: string): Promise<void>
  /**
   * Resolves with the value, encrypted for the client. It checks in this order: time, payload, signature,
   * address, rate, nonce, key of the client, secret, policy, size. Rejects with `denied`, `usage`,
   * `not_found`, `rate_limited`, `unfit_value` for a value above the limit of RSA, and with the code of a
   * provider's failure.
   */
  read(request: GrackleRequest, asked: Asked): Promise<Uint8Array>
  /** Undefined: it is off. */
  readonly registry: RegistryApi | undefined
}

/** Milliseconds that a nonce is kept after its request is too old, as for all machines. */
const NONCE_MARGIN_MS = 5 * 60_000
const MOST_RATED = 10_000
/** A name: the line feed is what separates the parts of the signed text. */
const NAME = /^\P{Cc}{1,190}$/u

/** Returns the server. Machines, policy, audit, values and limits are those of the broker. */
export function createGrackle(ports: GracklePorts): Grackle {
  const { clock, emit, audit, networks, serverKey, settings } = ports
  const refusals = createGrackleRefusals(ports)
  const refuse: Refusals['refuse'] = (refusal) => refusals.refuse(refusal)
  const nonces = createNonceMemory(ports)
  const rate = createMeter({ ...settings.rate, most: MOST_RATED })
  const signers = createSigners()
  const places = createPlaces(ports)

  async function clients(): Promise<readonly RegisteredClient[]> {
    const own = ports.ofFile()
    const known = new Set(own.map(({ key }) => keyFingerprint(key)))
    const added = ports.registryToken === undefined ? [] : await ports.registry.clients()
    return [...own, ...added.filter(({ key }) => !known.has(keyFingerprint(key)))]
  }

  /** Finds out who has sent a request for which name. */
  async function authenticate(request: GrackleRequest, address: string) {
    if (Math.abs(clock.now() - request.timestamp * 1000) > GRACKLE_SKEW_MS)
      throw await refuse({ address, code: 'denied', reason: 'its time differs by more than 30 s' })
    const name = nameIn(serverKey, request.payload)
    if (name === undefined) throw await refuse({ address, code: 'usage', reason: NO_PAYLOAD })
    const client = signers.find(await clients(), name, request)
    if (client === undefined)
      throw await refuse({ address, code: 'denied', reason: 'no registered key has signed it' })
    const by = authenticatedAs(client, request, address)
    const machine = by.machine.name
    if (!isWithin(address, client.cidrs))
      throw await refuse({ address, machine, code: 'denied', reason: 'its address is not allowed' })
    const id = `${machine} ${keyFingerprint(client.key)}`
    const waitMs = rate.take(id, clock.elapsed())
    if (waitMs > 0)
      throw await refuse({
        address,
        machine,
        code: 'rate_limited',
        reason: 'this client asks too often',
        retryAfterMs: waitMs,
      })
    const expires = request.timestamp * 1000 + GRACKLE_SKEW_MS + NONCE_MARGIN_MS
    try {
      await nonces.use({ machine: id, nonce: request.nonce, expires })
    } catch (thrown) {
      if (!isLocketError(thrown) || !NONCE_CODES.has(thrown.code)) throw thrown
      const code = thrown.code === 'auth' ? 'denied' : thrown.code
      throw await refuse({ address, machine, code, reason: thrown.reason })
    }
    return { by, name, service: client.service }
  }

  /** Encrypts a value, or records why it cannot be encrypted. */
  async function seal(by: Authenticated, text: string, key: Key, value: Secret): Promise<Uint8Array> {
    const most = mostRsaBytes(key)
    if (value.byteLength <= most) return sealRsa(key, value)
    const { name: machine } = by.machine
    emit('grackle.too-large', { machine, secret: text, most })
    const reason = `the value has more than the ${most} bytes that the client's RSA key can encrypt`
    const line = { actor: `machine ${machine}`, action: 'read', target: text, machine } as const
    await audit([{ ...line, secret: text, address: by.address, at: clock.now(), outcome: 'failed', reason }])
    throw new LocketError('unfit_value', reason)
  }

  return {
    serverKey: rsaKeyText(serverKey),
    refuse,
    registry: createRegistryApi(ports, refuse),

    async admit(address) {
      refusals.admit(address)
      if (isWithin(address, networks)) return
      throw await refuse({ address, code: 'denied', reason: 'its address is in none of the networks' })
    },

    async read(request, { address, signal }) {
      const { by, name, service } = await authenticate(request, address)
      const key = readRsaKey(request.clientKey)
      const machine = by.machine.name
      if (key === undefined) throw await refuse({ address, machine, code: 'usage', reason: NO_KEY })
      const place = await places.find(by, service, name)
      const value = await places.read(by, place, signal)
      try {
        return await seal(by, place, key, value)
      } finally {
        value.wipe()
      }
    },
  }
}

const NO_PAYLOAD = 'its payload is not a name that was encrypted for this broker'
const NO_KEY = 'its client_pubkey is not an RSA key of 1024 to 8192 bits'
const NONCE_CODES: ReadonlySet<string> = new Set(['auth', 'rate_limited'])

function nameIn(key: Key, payload: string): string | undefined {
  const bytes = openRsa(key, Buffer.from(payload, 'base64'))
  if (bytes === undefined) return undefined
  try {
    const name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return NAME.test(name) ? name : undefined
  } catch {
    return undefined
  }
}

/** A client as a machine, for policy and audit. No machine can have such a name. */
function authenticatedAs({ service, key }: RegisteredClient, request: GrackleRequest, address: string) {
  const name = `grackle:${service}`
  const keys = { signing: key, sealing: key }
  const machine = { id: name, name, state: 'enabled', keys, cidrs: [], createdAt: 0 } as const
  return { machine, requestSignature: Buffer.from(request.signature, 'base64'), address }
}
