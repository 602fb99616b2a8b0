import { spawn, type ChildProcess } from 'node:child_process'
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { join } from 'node:path'
import { until } from '../../scripts/engine/until.ts'
import type { EnrolAnswer } from '../../src/app/broker/enrol.ts'
import { enrolStatement } from '../../src/core/broker/identity-file.ts'
import {
  createSigningKey,
  publicKeyOf,
  rawPublicKey,
  sealingKeyOf,
  signBytes,
  toBase64,
} from '../../src/core/broker/keys.ts'
import { isAnswerOf } from '../../src/core/broker/signing/answer-signature.ts'
import { signRequest } from '../../src/core/broker/signing/request-signature.ts'
import { createNonce } from '../../src/core/broker/tokens.ts'
import { MAIN } from './program.ts'
import { freePort } from './free-port.ts'

/** A machine of a test, with its private key. */
export interface TestMachine {
  readonly id: string
  readonly key: KeyObject
}

/** The parts of a request that a test can change. */
export interface Asked {
  readonly method?: string
  readonly url?: string
  readonly body?: unknown
  /** Sent in place of what was signed. */
  readonly sent?: { readonly url?: string; readonly body?: string; readonly host?: string }
  readonly host?: string
  readonly now?: number
  readonly nonce?: string
  readonly key?: KeyObject
  readonly signal?: AbortSignal
}

/** An answer, with the result of the check of its signature. */
export interface BrokerReply {
  readonly status: number
  readonly type: string
  readonly bytes: Buffer
  /** The body as JSON, if it is JSON. */
  readonly json: BrokerJson
  readonly isSigned: boolean
  readonly requestSignature: Uint8Array
}

export interface BrokerJson {
  readonly error: { readonly code: string; readonly reason: string; readonly time: number }
  readonly answers: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly cursor: string
  readonly changed: readonly string[] | 'all'
  readonly secrets: readonly Readonly<Record<string, unknown>>[]
}

/** The parts of the admin API's answers that tests look at. */
export interface AdminJson {
  readonly error: { readonly code: string; readonly reason: string }
  readonly token: string
  readonly machine: { readonly id: string; readonly state: string; readonly fingerprint?: string }
  readonly state: string
  readonly grants: readonly unknown[]
  readonly paths: Readonly<Record<string, unknown>>
  readonly lastSeen?: string
}

/** A real `locket serve` with its own folder. Its secrets are lines of a `.env` file. */
export interface TestBroker {
  readonly folder: string
  readonly port: number
  readonly process: ChildProcess
  output(): string
  /** Writes the `.env` file anew. */
  put(values: Readonly<Record<string, string>>): void
  admin(
    method: string,
    path: string,
    body?: unknown,
    token?: string,
  ): Promise<{ status: number; json: AdminJson; bytes: Buffer }>
  /** Adds a machine that has the grants, `project/name`, and enrols it. */
  machine(
    name: string,
    grants: readonly string[],
    more?: Readonly<Record<string, unknown>>,
  ): Promise<TestMachine>
  ask(machine: TestMachine, asked?: Asked): Promise<BrokerReply>
  resolve(machine: TestMachine, ...refs: string[]): Promise<BrokerReply>
  send(
    options: http.RequestOptions,
    body?: string | Uint8Array,
  ): Promise<{ status: number; headers: http.IncomingHttpHeaders; bytes: Buffer }>
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface BrokerOptions {
  readonly folder: string
  readonly port?: number
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The authority that its requests trust. Default: the broker's own. */
  readonly caFile?: string
  /** The address of the dashboard. Default: `off`. */
  readonly dashboard?: string
}

/** Starts the broker and waits until it listens. Rejects with its output when it ends before. */
export async function startBroker(options: BrokerOptions): Promise<TestBroker> {
  const { folder } = options
  const port = options.port ?? (await freePort())
  const values = join(folder, 'values.env')
  writeFileSync(values, '', { flag: 'a' })
  const own = [
    '--broker-dir',
    join(folder, 'broker'),
    '--listen',
    `127.0.0.1:${port}`,
    '--server-name',
    '127.0.0.1',
    '--dashboard-listen',
    options.dashboard ?? 'off',
  ]
  const child = spawn(process.execPath, [MAIN, 'serve', ...own, ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', DOTENV_PATH: values, ...options.env },
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = new Promise<number | null>((done) => child.once('close', (code) => done(code)))
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  await until('the broker listens', () => hasEnded() || output.includes('serving machines'))
  if (hasEnded()) throw new Error(`the broker does not listen: ${output}`)
  const socketPath = join(folder, 'broker', 'admin.sock')
  const isSocket = options.args?.some((word) => word.startsWith('unix:')) === true
  const machinesSocket = options.args?.find((word) => word.startsWith('unix:'))?.slice(5)
  const serverKey = createPublicKey(createPrivateKey(readFileSync(join(folder, 'broker', 'server-key.pem'))))

  const broker: TestBroker = {
    folder,
    port,
    process: child,
    output: () => output,
    put: (given) =>
      writeFileSync(
        values,
        Object.entries(given)
          .map(([name, value]) => `${name}='${value}'\n`)
          .join(''),
      ),
    async admin(
      method,
      path,
      body,
      token = readFileSync(join(folder, 'broker', 'admin-token'), 'utf8').trim(),
    ) {
      const headers = { authorization: `Bearer ${token}` }
      const text = body === undefined ? undefined : JSON.stringify(body)
      const { status, bytes, headers: got } = await request(http, { socketPath, method, path, headers }, text)
      const isJson = got['content-type']?.includes('json') === true
      const json = (isJson ? JSON.parse(bytes.toString()) : {}) as AdminJson
      return { status, json, bytes }
    },
    async machine(name, grants, more = {}) {
      const places = grants.map((text) => ({ project: text.split('/')[0], name: text.split('/')[1] }))
      const added = await broker.admin('POST', '/v1/machines', { name, grants: places, ...more })
      if (added.status !== 200) throw new Error(added.bytes.toString())
      const key = createSigningKey()
      const { identity } = await enrol(broker, added.json.token, key)
      return { id: identity.machineId, key }
    },
    async ask(machine, asked = {}) {
      const { method = 'POST', url = '/v2/resolve', host = `127.0.0.1:${port}` } = asked
      const body = asked.body === undefined ? '' : JSON.stringify(asked.body)
      const signed = signRequest({ method, authority: host, url }, Buffer.from(body), {
        key: asked.key ?? machine.key,
        machine: machine.id,
        now: asked.now ?? Date.now(),
        nonce: asked.nonce ?? createNonce(),
      })
      const { status, headers, bytes } = await broker.send(
        {
          method,
          path: asked.sent?.url ?? url,
          headers: { ...signed, host: asked.sent?.host ?? host },
          ...(asked.signal === undefined ? {} : { signal: asked.signal }),
        },
        asked.sent?.body ?? body,
      )
      const type = headers['content-type'] ?? ''
      const requestSignature = Buffer.from(signed.signature.slice('locket=:'.length, -1), 'base64')
      const answer = { status, contentType: type, body: bytes, requestSignature }
      const isSigned = isAnswerOf(serverKey, answer, (header) => headers[header] as string | undefined)
      const json = (type.includes('json') ? JSON.parse(bytes.toString()) : {}) as BrokerJson
      return { status, type, bytes, json, isSigned, requestSignature }
    },
    resolve: (machine, ...refs) => broker.ask(machine, { body: { refs } }),
    send: (given, body) =>
      isSocket
        ? request(http, { socketPath: machinesSocket, ...given }, body)
        : request(
            https,
            {
              host: '127.0.0.1',
              port,
              servername: 'localhost',
              ca: readFileSync(options.caFile ?? join(folder, 'broker', 'authority.pem')),
              ...given,
            },
            body,
          ),
    async stop(signal = 'SIGTERM') {
      if (!hasEnded()) child.kill(signal)
      return await exited
    },
  }
  return broker
}

/** Brings a key for a token, as `locket enrol` does. */
export async function enrol(broker: TestBroker, shown: string, key: KeyObject): Promise<EnrolAnswer> {
  const token = shown.split('.')[0] ?? ''
  const body = {
    token,
    signing: toBase64(rawPublicKey(key)),
    sealing: toBase64(rawPublicKey(sealingKeyOf(key))),
    proof: toBase64(signBytes(key, enrolStatement(token))),
  }
  const { status, bytes } = await broker.send({ method: 'POST', path: '/v2/enrol' }, JSON.stringify(body))
  if (status !== 200) throw new Error(`${status} ${bytes.toString()}`)
  return JSON.parse(bytes.toString()) as EnrolAnswer
}

function request(
  by: typeof http | typeof https,
  options: https.RequestOptions,
  body?: string | Uint8Array,
): Promise<{ status: number; headers: http.IncomingHttpHeaders; bytes: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number
    headers: http.IncomingHttpHeaders
    bytes: Buffer
  }>()
  const asked = by.request({ agent: false, ...options })
  asked.on('response', (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('error', reject)
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
    )
  })
  asked.on('error', reject)
  asked.end(body)
  return promise
}

/** The public key of the broker, as the identity of its machines has it. */
export function keyOfBroker(identity: EnrolAnswer['identity']): KeyObject {
  return publicKeyOf('ed25519', Buffer.from(identity.serverKey, 'base64'))
}
