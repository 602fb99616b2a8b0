import type { LookupFunction } from 'node:net'
import { request as ask } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TestContext } from 'node:test'
import { connect } from 'node:tls'
import type { BlindAudit } from '../../../src/app/audit/blind-audit.ts'
import { NO_BLIND_AUDIT } from '../../../src/app/audit/blind-audit.ts'
import { createBlindGate } from '../../../src/app/blind/gate.ts'
import { parseHostPattern } from '../../../src/core/blind/authority.ts'
import type { BlindBinding } from '../../../src/core/blind/binding.ts'
import { createPlaceholder } from '../../../src/core/blind/placeholder.ts'
import type { BlindSecret } from '../../../src/core/blind/swap.ts'
import { Secret } from '../../../src/core/vocabulary/secret.ts'
import { openBlindAuthority } from '../../../src/host/blind/authority.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { openBlindProxy } from '../../../src/http/blind/proxy.ts'
import { readTrusted } from '../../../src/http/blind/trusted.ts'
import { openUpstream } from '../../../src/http/blind/upstream.ts'
import { openSourceFiles } from '../../../src/host/sources/source-files.ts'
import { createRecordingLog } from '../../fakes/recording-log.ts'
import { startBlindTarget, type BlindTarget } from '../../fixtures/servers/blind-target.ts'

/** The value that no answer may show. */
export const VALUE = 'canary-blind-proxy-value-93b1'

interface WorldOptions {
  readonly binding?: Partial<BlindBinding>
  readonly allowed?: (target: BlindTarget) => readonly string[]
  /** Default: the address of the fixture. */
  readonly addresses?: readonly string[]
  readonly isTrusted?: boolean
  readonly lookup?: LookupFunction
  readonly audit?: BlindAudit
  readonly value?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

export interface Asking {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: string | Buffer
}

/** A proxy in this process, and the servers behind it. */
export async function blindWorld(t: TestContext, options: WorldOptions = {}) {
  const target = await startBlindTarget(t)
  const clock = systemClock()
  const log = createRecordingLog()
  const { addresses = ['127.0.0.1'], audit = NO_BLIND_AUDIT, isTrusted = true } = options
  const allowed = (options.allowed?.(target) ?? []).map(parseHostPattern).filter((it) => it !== undefined)
  const gate = createBlindGate({ hosts: allowed, addresses }, { emit: log.emit, audit })
  const placeholder = createPlaceholder()
  const hosts = [parseHostPattern(target.api)].filter((it) => it !== undefined)
  const secret = (value: string): BlindSecret => ({
    name: 'TOKEN',
    placeholder,
    binding: {
      hosts,
      methods: undefined,
      paths: undefined,
      places: [{ kind: 'header', name: 'authorization' }],
      ...options.binding,
    },
    value: Secret.fromText(value),
  })
  gate.use([secret(options.value ?? VALUE)])
  const authority = openBlindAuthority(clock)
  const trusted = await readTrusted(isTrusted ? target.ca : undefined, openSourceFiles())
  const upstream = openUpstream({
    mayReach: (address) => gate.mayReach(address),
    trusted,
    ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
  })
  const passed = () => undefined
  const ports = {
    clock,
    gate,
    upstream,
    passed,
    certificateOf: (host: string) => authority.certificateOf(host),
  }
  const proxy = await openBlindProxy({ host: '127.0.0.1', port: 0 }, ports)
  t.after(async () => {
    await proxy[Symbol.asyncDispose]()
    gate[Symbol.dispose]()
  })
  const port = Number(proxy.address.split(':')[1])

  /** Opens a tunnel, and TLS in it; rejects with the status and text of a refusal. */
  async function tunnel(to: string, alpn: readonly string[] = ['http/1.1']) {
    const done = Promise.withResolvers<Duplex>()
    const connecting = ask({ port, method: 'CONNECT', path: to })
    connecting.once('connect', (response, socket) => {
      t.after(() => socket.destroy())
      if (response.statusCode === 200) done.resolve(socket)
      else done.reject(new Error(`status ${response.statusCode}`))
    })
    connecting.once('error', done.reject)
    connecting.end()
    const secure = connect({
      socket: await done.promise,
      servername: to.split(':')[0] ?? '',
      ca: authority.certificate,
      ALPNProtocols: [...alpn],
    })
    secure.on('error', () => secure.destroy())
    await new Promise((resolve, reject) => {
      secure.once('secureConnect', resolve)
      secure.once('error', reject)
    })
    return secure
  }

  async function send(to: string, { method = 'GET', path = '/echo', headers = {}, body }: Asking = {}) {
    const socket = await tunnel(to)
    const request = ask({ createConnection: () => socket, method, path, headers: { host: to, ...headers } })
    request.end(body)
    return await new Promise<Answer>((resolve, reject) => {
      request.once('error', reject)
      request.once('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
        })
      })
    })
  }

  return {
    target,
    gate,
    log,
    port,
    placeholder,
    tunnel,
    secret,
    bearer: { authorization: `Bearer ${placeholder}` },
    ask: send,
  }
}
