import { until } from '../scripts/engine/until.ts'
import { ask, DEV_PROGRAM, ROOT, startDevServer } from '../test/contract/bao/bao-dev-server.ts'
import type { Sent } from './broker-load.ts'
import { cpuOf } from './measure.ts'

/** An OpenBao or Vault in development mode: all of it in memory, without TLS and without an audit device. */
export interface KvServer {
  readonly name: string
  readonly port: number
  /** The path of a secret of 32 bytes in its KV store, version 2. */
  readonly path: string
  readonly request: Sent
  /** Seconds of a CPU that the server has used. */
  readonly cpu: () => number
}

/** Resolves with undefined if neither `bao` nor `vault` is on the PATH. */
export async function startKvServer(stopping: AbortSignal): Promise<KvServer | undefined> {
  if (DEV_PROGRAM === undefined) return undefined
  const { address, pid } = await startDevServer(DEV_PROGRAM, stopping)
  const path = 'secret/data/s0'
  // It has its KV store some time after it answers.
  await until('a secret is stored', async () => {
    await ask(address, 'POST', path, { data: { value: 'x'.repeat(32) } })
    return true
  })
  return {
    name: DEV_PROGRAM,
    port: Number(new URL(address).port),
    path: `/v1/${path}`,
    request: { headers: { 'x-vault-token': ROOT } },
    cpu: () => cpuOf(pid),
  }
}
