import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Engine } from './engine.ts'
import { CONFIG, onHost } from './locket.ts'
import { until } from './until.ts'

/** The content of the secret managers, and their credentials. */
export interface StoreSecrets {
  readonly bao: string
  readonly prod: string
  readonly infisical: string
  readonly bws: string
  readonly note: string
  readonly roleId: string
  readonly secretId: string
  readonly prodToken: string
  readonly clientId: string
  readonly clientSecret: string
  readonly accessToken: string
}

/** Where they are. */
export interface Stores {
  readonly bao: string
  readonly prod: string
  readonly infisical: string
  readonly bws: {
    readonly api: string
    readonly identity: string
    readonly id: string
    readonly token: string
  }
}

/** OpenBao twice, Infisical and Bitwarden inside the sandbox, on its loopback. */
export async function startStores(engine: Engine, secrets: StoreSecrets): Promise<Stores> {
  const told = '/run/e2e/stores.json'
  await writeFile(onHost(engine, told), JSON.stringify(secrets), { mode: 0o600 })
  const log = onHost(engine, '/run/e2e/stores.log')
  const program = join(import.meta.dirname, 'stores-program.ts')
  await engine.sandbox.spawn(process.execPath, [program, told], { log })
  let stores: Stores | undefined
  await until('the secret managers listen', async () => {
    const said = await readFile(log, 'utf8').catch(() => '')
    if (said.startsWith('{') && said.endsWith('\n')) stores = JSON.parse(said)
    return stores !== undefined
  })
  if (stores === undefined) throw new Error('until has returned')
  return stores
}

/** A token in a file of the operator's folder; as a setting names it. */
export async function tokenFile(engine: Engine, name: string, token: string): Promise<string> {
  const script = `umask 077; mkdir -p ${CONFIG}/tokens; cat > ${CONFIG}/tokens/${name}`
  const ran = await engine.sandbox.exec('sh', ['-c', script], { input: token })
  if (ran.code !== 0) throw new Error(ran.stderr)
  return `file:/etc/locket/tokens/${name}`
}
