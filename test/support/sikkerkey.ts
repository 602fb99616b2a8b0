import { randomBytes, type KeyObject } from 'node:crypto'
import { signBytes, toBase64 } from '../../src/core/broker/keys.ts'
import { sikkerkeyText } from '../../src/core/broker/signing/sikkerkey.ts'
import type { TestBroker, TestMachine } from './broker.ts'

/** The parts of a request that a test can change. `sent` replaces what was signed. */
export interface SikkerkeyAsked {
  readonly method?: string
  readonly body?: string
  readonly key?: KeyObject
  /** Milliseconds since the epoch. Default: the time now, plus `aheadMs`. */
  readonly now?: number
  readonly aheadMs?: number
  readonly nonce?: string
  readonly machineId?: string
  readonly sent?: { readonly path?: string; readonly body?: string; readonly method?: string }
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer of `/v1`. */
interface SikkerkeyReply {
  readonly status: number
  readonly text: string
  readonly json: {
    readonly value?: string
    readonly error?: string
    readonly secrets?: readonly Readonly<Record<string, unknown>>[]
    readonly projects?: readonly unknown[]
    readonly changes?: unknown
  }
}

/** Sends a signed request of SikkerKey's protocol. */
export async function askSikkerkey(
  broker: TestBroker,
  machine: TestMachine,
  path: string,
  asked: SikkerkeyAsked = {},
): Promise<SikkerkeyReply> {
  const { method = 'GET', body = '', sent = {} } = asked
  const timestamp = String(Math.floor((asked.now ?? Date.now() + (asked.aheadMs ?? 0)) / 1000))
  const nonce = asked.nonce ?? newNonce()
  const text = sikkerkeyText({ method, path, timestamp, nonce, body: Buffer.from(body) })
  const headers = {
    'x-machine-id': asked.machineId ?? machine.id,
    'x-timestamp': timestamp,
    'x-nonce': nonce,
    'x-signature': toBase64(signBytes(asked.key ?? machine.key, text)),
    'content-length': String(Buffer.byteLength(sent.body ?? body)),
    ...asked.headers,
  }
  const { status, bytes } = await broker.send(
    { method: sent.method ?? method, path: sent.path ?? path, headers },
    sent.body ?? body,
  )
  return { status, text: bytes.toString(), json: bytes.length === 0 ? {} : JSON.parse(bytes.toString()) }
}

/** 16 random bytes in base64. */
export function newNonce(): string {
  return randomBytes(16).toString('base64')
}
