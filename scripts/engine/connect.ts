import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { ConnectData } from '../../test/fixtures/servers/connect-data.ts'
import { idOf } from '../../test/fixtures/servers/connect-data.ts'
import type { Engine } from './engine.ts'
import { CONFIG, onHost } from './locket.ts'
import type { Inmate } from './sandbox.ts'
import { until } from './until.ts'

/**
 * A Connect server inside the sandbox, on its loopback. SIGSTOP makes it one that takes requests and never
 * answers.
 */
export interface FakeConnect {
  /** As the plugin reaches it, being on the host's network. */
  readonly url: string
  start(): Promise<void>
  stop(): Promise<void>
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
}

/** Below the operator's folder: the token for the plugin to read. */
export const TOKEN_FILE = 'tokens/connect'

/** `op://v/i/password` is `password`, for whoever has `token`. It is not started. */
export function fakeConnect(
  engine: Engine,
  options: { readonly token: string; readonly password: string; readonly port?: number },
): Promise<FakeConnect> {
  const field = {
    id: 'password',
    type: 'CONCEALED',
    purpose: 'PASSWORD',
    label: 'password',
    value: options.password,
  }
  const data: ConnectData = {
    vaults: [
      { id: idOf(1), name: 'v', items: [{ id: idOf(2), title: 'i', category: 'LOGIN', fields: [field] }] },
    ],
  }
  return connectWith(engine, data, options)
}

/** A Connect server in the sandbox, with the given vaults. */
export async function connectWith(
  engine: Engine,
  data: ConnectData,
  options: { readonly token: string; readonly port?: number },
): Promise<FakeConnect> {
  const port = options.port ?? 8080
  const file = `/run/e2e/connect-${port}.json`
  await writeFile(onHost(engine, file), JSON.stringify({ data, token: options.token, port }))
  let server: Inmate | undefined
  return {
    url: `http://127.0.0.1:${port}`,
    async start() {
      const log = onHost(engine, '/run/e2e/connect.log')
      const program = join(import.meta.dirname, 'connect-program.ts')
      server = await engine.sandbox.spawn(process.execPath, [program, file], { log })
      await until('the Connect server listens', () => listens(engine, port))
    },
    async stop() {
      await server?.kill('SIGKILL')
    },
    signal: (signal) => server?.signal(signal),
  }
}

/** Writes the token where TOKEN_FILE says. */
export async function writeToken(engine: Engine, token: string): Promise<void> {
  const ran = await engine.sandbox.exec(
    'sh',
    ['-c', `umask 077; mkdir -p ${CONFIG}/tokens; cat > ${CONFIG}/${TOKEN_FILE}`],
    {
      input: token,
    },
  )
  if (ran.code !== 0) throw new Error(ran.stderr)
}

/** The sandbox has its own network: its /proc/net/tcp lists listening ports in hexadecimal, with state 0A. */
async function listens(engine: Engine, port: number): Promise<boolean> {
  const { stdout } = await engine.sandbox.exec('cat', ['/proc/net/tcp'])
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return new RegExp(`^ *\\d+: [0-9A-F]{8}:${hex} [0-9A-F:]+ 0A `, 'm').test(stdout)
}
