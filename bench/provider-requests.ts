import { manyItems } from '../test/fixtures/servers/connect-data.ts'
import { startConnectServer } from '../test/fixtures/servers/connect.ts'
import { mountOf } from '../test/fixtures/servers/bao-data.ts'
import { startBaoServer } from '../test/fixtures/servers/bao.ts'
import { startBwsServer } from '../test/fixtures/servers/bws.ts'
import type { Service } from '../test/fixtures/servers/http-fixture.ts'
import { folderOf, inDev, PROJECT } from '../test/fixtures/servers/infisical-data.ts'
import { startInfisicalServer } from '../test/fixtures/servers/infisical.ts'

/** A manager with twenty secrets that one request can bring, and how a daemon gets at them. */
export interface Manager extends AsyncDisposable {
  readonly name: string
  readonly service: Service
  readonly env: Readonly<Record<string, string>>
  reference(n: number): string
}

const TWENTY = Array.from({ length: 20 }, (_, n) => [`field${n}`, `value-${n}`] as const)
const fields = Object.fromEntries(TWENTY)

/** One of each kind that is spoken to over HTTP by our own client. */
export async function startManagers(): Promise<readonly Manager[]> {
  return [await connect(), await bao(), await infisical(), await bws()]
}

async function connect(): Promise<Manager> {
  const data = manyItems(1)
  const item = data.vaults[0]?.items[0]
  if (item !== undefined)
    Object.assign(item, { fields: TWENTY.map(([id, value]) => ({ id, label: id, value })) })
  const service = await startConnectServer({ data, token: 'bench-token' })
  const env = { OP_CONNECT_HOST: service.url, OP_CONNECT_TOKEN: 'bench-token' }
  return manager('20 fields of 1 item, Connect', service, env, (n) => `op://bench/item 0/field${n}`)
}

async function bao(): Promise<Manager> {
  const service = await startBaoServer({
    data: { mounts: [mountOf('kv', 2, { app: fields })] },
    tokens: { 'bench-token': {} },
  })
  const env = { BAO_URL: service.url, BAO_TOKEN: 'bench-token' }
  return manager('20 fields of 1 path, OpenBao', service, env, (n) => `bao://kv/app/field${n}`)
}

async function infisical(): Promise<Manager> {
  const service = await startInfisicalServer({
    data: inDev({ '/': folderOf(fields) }),
    clientId: '5f0c2c1e-0d8f-4a37-9c3b-1d2e3f4a5b6c',
    clientSecret: 'bench-secret',
    tokenText: 'bench',
  })
  const env = {
    INFISICAL_URL: service.url,
    INFISICAL_CLIENT_ID: '5f0c2c1e-0d8f-4a37-9c3b-1d2e3f4a5b6c',
    INFISICAL_CLIENT_SECRET: 'bench-secret',
    INFISICAL_DEFAULT_ENVIRONMENT: 'dev',
    INFISICAL_DEFAULT_PROJECT_ID: PROJECT,
  }
  return manager('20 keys of 1 folder, Infisical', service, env, (n) => `infisical:///field${n}`)
}

async function bws(): Promise<Manager> {
  const service = await startBwsServer()
  const ids = TWENTY.map(([key, value]) => service.put({ key, value }))
  const env = {
    BWS_API_URL: service.apiUrl,
    BWS_IDENTITY_URL: service.identityUrl,
    BWS_MACHINE_TOKEN: service.issue(),
    BWS_CLIENT: 'builtin',
  }
  return manager('20 secrets, Bitwarden', service, env, (n) => `bws://${ids[n]}`)
}

function manager(
  name: string,
  service: Service,
  env: Manager['env'],
  reference: Manager['reference'],
): Manager {
  return { name, service, env, reference, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() }
}
