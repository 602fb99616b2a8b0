import { join } from 'node:path'
import { createRegistryStore } from '../../../src/host/broker/grackle/registry-store.ts'
import { openPostgres } from '../../../src/host/broker/postgres.ts'
import type { Database } from '../../../src/host/broker/sql.ts'
import { openSqlite } from '../../../src/host/broker/sqlite.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { startPostgres } from '../../fixtures/servers/postgres.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { registryStoreContract } from './registry-store-contract.ts'

const postgres = await startPostgres()

function opened(database: Database) {
  return {
    store: createRegistryStore(database),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

registryStoreContract('sqlite', async (t) => opened(openSqlite(join(await temporaryFolder(t), 'broker.db'))))
registryStoreContract('postgres', async () =>
  opened(await openPostgres(await postgres.createDatabase(), systemClock())),
)
