import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { DEV_PROGRAM } from '../test/contract/bao/bao-dev-server.ts'
import { freePort } from '../test/support/free-port.ts'
import type { Sent } from './broker-load.ts'

const TOKEN = 'root-token-of-a-bench'

/** An OpenBao or Vault in development mode: all of it in memory, without TLS and without an audit device. */
export interface KvServer {
  readonly name: string
  readonly port: number
  /** The path of a secret of 32 bytes in its KV store, version 2. */
  readonly path: string
  readonly request: Sent
  /** Seconds of a CPU that the server has used. */
  readonly cpu: () => number
  stop(): Promise<void>
}

/** Resolves with undefined if neither `bao` nor `vault` is on the PATH. */
export async function startKvServer(folder: string): Promise<KvServer | undefined> {
  if (DEV_PROGRAM === undefined) return undefined
  const port = await freePort()
  const flags = [`-dev-root-token-id=${TOKEN}`, `-dev-listen-address=127.0.0.1:${port}`]
  const server = spawn(DEV_PROGRAM, ['server', '-dev', '-dev-no-store-token', ...flags], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] ?? '', HOME: folder },
  })
  const headers = { 'x-vault-token': TOKEN }
  const path = '/v1/secret/data/s0'
  const stop = async (): Promise<void> => {
    const ended = once(server, 'exit')
    if (server.exitCode === null && server.signalCode === null && server.kill('SIGKILL')) await ended
  }
  try {
    const write = { data: { value: 'x'.repeat(32) } }
    await untilStored(`http://127.0.0.1:${port}${path}`, headers, JSON.stringify(write))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    name: DEV_PROGRAM,
    port,
    path,
    request: { headers },
    cpu() {
      const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      // Fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms.
      return (Number(fields[11]) + Number(fields[12])) / 100
    },
    stop,
  }
}

/** Stores the secret. The server answers, and has its KV store, some seconds after it was started. */
async function untilStored(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined)
    if (answer?.ok === true) return
    await sleep(100)
  }
  throw new Error(`${url}: no secret was stored within 20 s`)
}
