import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Engine } from './engine.ts'
import { CONFIG, onHost } from './locket.ts'
import { until } from './until.ts'

/** What the managers hold, and what opens them. */
export interface ManagerSecrets {
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
export interface Managers {
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
export async function startManagers(engine: Engine, secrets: ManagerSecrets): Promise<Managers> {
  const told = '/run/e2e/managers.json'
  await writeFile(onHost(engine, told), JSON.stringify(secrets), { mode: 0o600 })
  const log = onHost(engine, '/run/e2e/managers.log')
  const program = join(import.meta.dirname, 'managers-program.ts')
  await engine.sandbox.spawn(process.execPath, [program, told], { log })
  let managers: Managers | undefined
  await until('the secret managers listen', async () => {
    const said = await readFile(log, 'utf8').catch(() => '')
    if (said.startsWith('{') && said.endsWith('\n')) managers = JSON.parse(said)
    return managers !== undefined
  })
  if (managers === undefined) throw new Error('until has returned')
  return managers
}

/** A token in a file of the operator's folder; as a setting names it. */
export async function tokenFile(engine: Engine, name: string, token: string): Promise<string> {
  const script = `umask 077; mkdir -p ${CONFIG}/tokens; cat > ${CONFIG}/tokens/${name}`
  const ran = await engine.sandbox.exec('sh', ['-c', script], { input: token })
  if (ran.code !== 0) throw new Error(ran.stderr)
  return `file:/etc/locket/tokens/${name}`
}
