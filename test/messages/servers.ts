import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { appRole, startBaoServer } from '../fixtures/servers/bao.ts'
import { mountOf } from '../fixtures/servers/bao-data.ts'
import { startBwsServer } from '../fixtures/servers/bws.ts'
import { startConnectServer } from '../fixtures/servers/connect.ts'
import { idOf } from '../fixtures/servers/connect-data.ts'
import { startInfisicalServer } from '../fixtures/servers/infisical.ts'
import { folderOf, inDev, PROJECT } from '../fixtures/servers/infisical-data.ts'
import { CANARY } from './slip.ts'

/** Servers for rows, and the variables with which a user reaches each of them, without any mistake. */
export interface SlipServers extends AsyncDisposable {
  readonly connect: Env
  readonly bao: Env
  readonly bws: Env
  readonly infisical: Env
  /** Texts in rows that are replaced: `EXPIRED` by the address of a server with an old certificate. */
  readonly addresses: Readonly<Record<string, string>>
}

type Env = Readonly<Record<string, string>>

/** `folder` takes the files of the servers. */
export async function startSlipServers(folder: string): Promise<SlipServers> {
  const token = `${CANARY}-token`
  const items = [{ id: idOf(2), title: 'app', fields: [{ id: 'key', label: 'key', value: CANARY }] }]
  const connect = await startConnectServer({
    data: { vaults: [{ id: idOf(1), name: 'Prod', items }] },
    token,
  })
  const role = appRole({ roleId: 'role', secretIds: new Set([token]) })
  const mounts = [mountOf('secret', 2, { app: { key: CANARY } })]
  const bao = await startBaoServer({ data: { mounts }, logins: [role], tokens: { [token]: {} } })
  const bws = await startBwsServer()
  const data = inDev({ '/': folderOf({ KEY: CANARY }) })
  const identity = { clientId: 'id', clientSecret: token, tokenText: CANARY }
  const infisical = await startInfisicalServer({ data, ...identity })
  const own = [await startExpired(folder), await startSelfSigned(folder), await startSilent()]
  const [expired, selfSigned, silent] = own.map((server) => (server.address() as AddressInfo).port)
  return {
    connect: { OP_CONNECT_HOST: connect.url, OP_CONNECT_TOKEN: token },
    bao: { BAO_URL: bao.url, BAO_ROLE_ID: 'role', BAO_SECRET_ID: token },
    bws: {
      SECRETS_PROVIDER: 'bws',
      BWS_CLIENT: 'builtin',
      BWS_API_URL: bws.apiUrl,
      BWS_IDENTITY_URL: bws.identityUrl,
      BWS_MACHINE_TOKEN: bws.issue(),
    },
    infisical: {
      INFISICAL_URL: infisical.url,
      INFISICAL_CLIENT_ID: 'id',
      INFISICAL_CLIENT_SECRET: token,
      INFISICAL_DEFAULT_PROJECT_ID: PROJECT,
      INFISICAL_DEFAULT_ENVIRONMENT: 'dev',
    },
    addresses: {
      EXPIRED: `https://127.0.0.1:${expired}`,
      SELF_SIGNED: `https://127.0.0.1:${selfSigned}`,
      SILENT: `http://127.0.0.1:${silent}`,
      AUTHORITY: join(folder, 'authority', 'cert.pem'),
      // An https address of a server that speaks plain HTTP.
      PLAIN: connect.url.replace('http:', 'https:'),
    },
    async [Symbol.asyncDispose]() {
      for (const server of own) server.close()
      for (const server of [connect, bao, bws, infisical]) await server[Symbol.asyncDispose]()
    },
  }
}

/** A server whose certificate ended on 2025-03-01. */
async function startExpired(folder: string): Promise<Server> {
  const place = join(folder, 'authority')
  await mkdir(place)
  await writeFile(join(place, 'index.txt'), '')
  await writeFile(join(place, 'ca.cnf'), AUTHORITY_SETTINGS)
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: place, stdio: 'pipe' })
  const subject = ['-newkey', 'ed25519', '-nodes', '-subj', '/CN=vault.example']
  openssl('req', '-new', ...subject, '-keyout', 'key.pem', '-out', 'request.pem')
  const dates = ['-startdate', '20250101000000Z', '-enddate', '20250301000000Z']
  const files = ['-keyfile', 'key.pem', '-in', 'request.pem', '-out', 'cert.pem']
  openssl('ca', '-batch', '-notext', '-config', 'ca.cnf', '-selfsign', ...files, ...dates)
  return await startTls(place)
}

const AUTHORITY_SETTINGS = `[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = default
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = IP:127.0.0.1
`

async function startSelfSigned(folder: string): Promise<Server> {
  const place = join(folder, 'self-signed')
  await mkdir(place)
  const names = ['-subj', '/CN=vault.example', '-addext', 'subjectAltName=IP:127.0.0.1']
  const request = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', ...names]
  execFileSync('openssl', [...request, '-keyout', 'key.pem', '-out', 'cert.pem'], {
    cwd: place,
    stdio: 'pipe',
  })
  return await startTls(place)
}

async function startTls(place: string): Promise<Server> {
  const [key, cert] = [await readFile(join(place, 'key.pem')), await readFile(join(place, 'cert.pem'))]
  return await listening(createServer({ key, cert }, (_, response) => void response.end('{}')))
}

/** A server that closes each connection without an answer. */
async function startSilent(): Promise<Server> {
  return await listening(createTcpServer((socket) => socket.end()))
}

async function listening(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
