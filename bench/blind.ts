/** The speed and memory of the proxy of blind mode, against the same requests without it: `make bench`. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request as askProxy } from 'node:http'
import { Agent, request as ask } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import { until } from '../scripts/engine/until.ts'
import { median, report, type Sample } from './measure.ts'

const LOCKET = process.argv[2] ?? new URL('../dist/locket/bin/locket', import.meta.url).pathname
const [CONNECTIONS, REQUESTS, ROUNDS, PORT] = [4, 4000, 5, 7479]
const folder = await mkdtemp(join(tmpdir(), 'locket-bench-'))
const children: ChildProcess[] = []
const show = (sample: Sample) => process.stdout.write(`${report(sample)}\n`)

try {
  const servers = start(process.execPath, [new URL('./blind-servers.ts', import.meta.url).pathname, folder])
  const [line] = (await once(servers.stdout ?? servers, 'data')) as [Buffer]
  const host = `localhost:${line.toString().trim()}`
  await writeFile(join(folder, '.env'), Array.from({ length: 20 }, (_, n) => `T${n}=${value(n)}\n`).join(''))
  const bound = `{ hosts = ["${host}"], header = "authorization" }`
  const lines = Array.from({ length: 20 }, (_, n) => `T${n} = { ref = "dotenv://T${n}", blind = ${bound} }\n`)
  await writeFile(join(folder, 'locket.toml'), `[secrets]\n${lines.join('')}`)
  const blind = join(folder, 'blind')
  const proxy = start(LOCKET, [
    'proxy',
    `--mapping=${join(folder, 'locket.toml')}`,
    `--dotenv-path=${join(folder, '.env')}`,
    `--proxy-listen=127.0.0.1:${PORT}`,
    `--placeholders=${blind}`,
    `--upstream-ca=${join(folder, 'upstream-ca.pem')}`,
    '--allow-address=127.0.0.1',
    '--log-level=warn',
  ])
  proxy.stderr?.pipe(process.stderr)
  await until('the proxy', () => readFile(join(blind, 'ready'), 'utf8').catch(() => undefined))
  const placeholder = /^T0='?(\w+)/m.exec(await readFile(join(blind, 'env'), 'utf8'))?.[1] ?? ''
  const ca = await readFile(join(blind, 'ca.pem'), 'utf8')
  const upstreamCa = await readFile(join(folder, 'upstream-ca.pem'), 'utf8')
  const direct = () => new Agent({ keepAlive: true, maxSockets: CONNECTIONS, ca: upstreamCa })
  const through = () => {
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, ca })
    agent.createConnection = (_options, done) => {
      void openTunnel().catch((error: Error) => process.stderr.write(`${error.message}\n`))
      return undefined

      async function openTunnel(): Promise<void> {
        done?.(null, await tunnel(host, ca))
      }
    }
    return agent
  }
  await rates(host, direct, through, placeholder)
  await firstBytes(host, direct, through, placeholder)
  await memory(host, through, placeholder, proxy)
} finally {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
}

function value(n: number): string {
  return `bench-value-${n}-${'x'.repeat(20)}${n}`
}

function start(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, [...args], { env: { PATH: process.env['PATH'] } })
  children.push(child)
  return child
}

async function tunnel(host: string, ca: string): Promise<TLSSocket> {
  const request = askProxy({ port: PORT, method: 'CONNECT', path: host })
  request.end()
  const [, socket] = (await once(request, 'connect')) as [unknown, Duplex]
  const secure = connect({ socket, servername: 'localhost', ca })
  await once(secure, 'secureConnect')
  return secure
}

/** Resolves with the milliseconds to the first byte, once the whole answer is read. */
function get(host: string, agent: Agent, token: string, path = '/'): Promise<number> {
  const [name, port] = host.split(':')
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, host }
    const request = ask({ host: name, port, path, agent, headers }, (response) => {
      let first = 0
      response.on('data', () => (first ||= performance.now() - began))
      response.once('end', () => resolve(first))
      response.once('error', reject)
    })
    request.once('error', reject)
    request.end()
  })
}

/** Requests in a second, over CONNECTIONS connections that stay open. */
async function rate(host: string, agent: Agent, token: string): Promise<number> {
  let left = REQUESTS
  const began = performance.now()
  const work = async (): Promise<void> => {
    while (left-- > 0) await get(host, agent, token)
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
  return REQUESTS / ((performance.now() - began) / 1000)
}

async function rates(host: string, direct: () => Agent, through: () => Agent, token: string): Promise<void> {
  const [plain, blind] = [direct(), through()]
  const pairs: (readonly [number, number])[] = []
  await rate(host, plain, token)
  await rate(host, blind, token)
  for (let round = 0; round < ROUNDS; round += 1)
    pairs.push([await rate(host, plain, token), await rate(host, blind, token)])
  const [without, within] = [pairs.map(([it]) => it), pairs.map(([, it]) => it)]
  show({ name: 'small requests, kept alive, without the proxy', reach: '-', values: without, unit: '/s' })
  show({ name: 'the same through the proxy', reach: '-', values: within, unit: '/s' })
  const ratios = pairs.map(([before, after]) => after / before)
  show({ name: 'the ratio of both', reach: '>= 0.35', values: ratios, unit: 'x' })
  plain.destroy()
  blind.destroy()
}

async function firstBytes(
  host: string,
  direct: () => Agent,
  through: () => Agent,
  token: string,
): Promise<void> {
  const [plain, blind] = [direct(), through()]
  const [without, within]: [number[], number[]] = [[], []]
  for (let n = 0; n < 300; n += 1) {
    without.push(await get(host, plain, token))
    within.push(await get(host, blind, token))
  }
  const base = median(without)
  const later = within.map((ms) => ms - base)
  show({ name: 'first byte, later than without the proxy', reach: '<= 5', values: later })
  plain.destroy()
  blind.destroy()
}

async function memory(host: string, through: () => Agent, token: string, proxy: ChildProcess): Promise<void> {
  const resident = async () => {
    const status = await readFile(`/proc/${proxy.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024
  }
  const agent = through()
  await get(host, agent, token, '/?mib=8')
  const idle = await resident()
  const seen: number[] = []
  const over = new AbortController()
  const began = performance.now()
  const whole = get(host, agent, token, '/?mib=1024').finally(() => over.abort())
  while (!over.signal.aborted) {
    seen.push((await resident()) - idle)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await whole
  const seconds = (performance.now() - began) / 1000
  show({ name: '1 GiB through the proxy, memory above idle', reach: '<= 30', values: seen, unit: 'MiB' })
  show({ name: 'the same, rate', reach: '-', values: [1024 / seconds], unit: 'MiB/s' })
  agent.destroy()
}
