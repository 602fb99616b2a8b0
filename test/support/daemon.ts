import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { until } from '../../scripts/engine/until.ts'
import { MAIN } from './program.ts'

/** A real `locket volume` with its own folders, as root. */
export interface Daemon {
  readonly socket: string
  readonly runtimeDir: string
  readonly stateDir: string
  readonly process: ChildProcess
  /** Everything it wrote to standard output and error so far. */
  output(): string
  call(endpoint: string, body?: unknown, options?: CallOptions): Promise<Answer>
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface CallOptions {
  /** Sent as it is, instead of `body` as JSON. */
  readonly raw?: string
  readonly signal?: AbortSignal
}

/** The parts of an answer that tests look at. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly Err: string
  readonly Mountpoint: string
  readonly Volume: {
    readonly Name: string
    readonly Mountpoint: string
    readonly CreatedAt: string
    readonly Status: Record<string, unknown>
  }
  readonly Volumes: readonly { readonly Name: string; readonly Mountpoint: string }[]
  readonly json: Record<string, unknown>
}

export interface DaemonOptions {
  /** The folder that holds its runtime, state and socket. */
  readonly folder: string
  /** Default: `locket.sock`, `state` and `runtime` in the folder. */
  readonly socket?: string
  readonly stateDir?: string
  readonly runtimeDir?: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Default: this checkout's source. */
  readonly program?: readonly [string, ...string[]]
}

export function spawnDaemon(options: DaemonOptions): Daemon {
  const { folder } = options
  const socket = options.socket ?? join(folder, 'locket.sock')
  const runtimeDir = options.runtimeDir ?? join(folder, 'runtime')
  const stateDir = options.stateDir ?? join(folder, 'state')
  const [command, ...before] = options.program ?? [process.execPath, MAIN]
  const args = [
    ...before,
    'volume',
    '--socket',
    socket,
    '--runtime-dir',
    runtimeDir,
    '--state-dir',
    stateDir,
    ...(options.args ?? []),
  ]
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      LOCKET_LOCAL_FILE: join(folder, 'secrets.age'),
      LOCKET_LOCAL_KEY: join(folder, 'local.key'),
      ...options.env,
    },
  })
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = new Promise<number | null>((done) => child.once('close', (code) => done(code)))
  return {
    socket,
    runtimeDir,
    stateDir,
    process: child,
    output: () => output,
    call: (endpoint, body, callOptions) => callSocket(socket, endpoint, body, callOptions),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      return exited
    },
  }
}

/** Starts a daemon and waits until it accepts requests. Rejects with its output when it ends before. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const daemon = spawnDaemon(options)
  const hasEnded = () => daemon.process.exitCode !== null
  try {
    await until('the daemon answers', async () => {
      return hasEnded() || (existsSync(daemon.socket) && (await accepts(daemon)))
    })
    if (hasEnded()) throw new Error(`exit code ${daemon.process.exitCode}`)
    return daemon
  } catch (cause) {
    await daemon.stop('SIGKILL')
    throw new Error(`the daemon does not listen: ${daemon.output()}`, { cause })
  }
}

async function accepts(daemon: Daemon): Promise<boolean> {
  return daemon.call('Plugin.Activate').then(
    (answer) => answer.status === 200,
    () => false,
  )
}

/** As the engine calls: POST, no Content-Type. */
export function callSocket(
  socketPath: string,
  endpoint: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const payload = options.raw ?? (body === undefined ? '' : `${JSON.stringify(body)}\n`)
  const request = http.request({
    socketPath,
    path: `/${endpoint}`,
    method: 'POST',
    headers: {
      Accept: 'application/vnd.docker.plugins.v1.2+json',
      'Content-Length': Buffer.byteLength(payload),
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  request.on('response', (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('error', reject)
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const json = JSON.parse(text) as Record<string, unknown>
      resolve({ status: response.statusCode ?? 0, text, json, ...json } as unknown as Answer)
    })
  })
  request.on('error', reject)
  request.end(payload)
  return promise
}
