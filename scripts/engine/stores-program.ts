/**
 * `node stores-program.ts FILE`: one secret manager of each kind, told by a file what to hold; prints one
 * line of JSON, where they are.
 */
import { readFileSync } from 'node:fs'

import { mountOf } from '../../test/fixtures/servers/bao-data.ts'
import { appRole, startBaoServer } from '../../test/fixtures/servers/bao.ts'
import { startBwsServer } from '../../test/fixtures/servers/bws.ts'
import { folderOf, inDev } from '../../test/fixtures/servers/infisical-data.ts'
import { startInfisicalServer } from '../../test/fixtures/servers/infisical.ts'
import type { StoreSecrets, Stores } from './stores.ts'

const secrets: StoreSecrets = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))

const bao = await startBaoServer({
  data: { mounts: [mountOf('kv', 2, { 'app/db': { password: secrets.bao, port: 5432 } })] },
  logins: [appRole({ roleId: secrets.roleId, secretIds: new Set([secrets.secretId]) })],
})
const prod = await startBaoServer({
  data: { mounts: [mountOf('kv', 2, { 'app/db': { password: secrets.prod } })] },
  tokens: { [secrets.prodToken]: {} },
})
const infisical = await startInfisicalServer({
  data: inDev({ '/': folderOf({ DB_PASSWORD: secrets.infisical }) }),
  clientId: secrets.clientId,
  clientSecret: secrets.clientSecret,
  tokenText: secrets.accessToken,
})
const bws = await startBwsServer()
const id = bws.put({ key: 'db', value: secrets.bws, note: secrets.note })
const stores: Stores = {
  bao: bao.url,
  prod: prod.url,
  infisical: infisical.url,
  bws: { api: bws.apiUrl, identity: bws.identityUrl, id, token: bws.issue() },
}
process.stdout.write(`${JSON.stringify(stores)}\n`)
