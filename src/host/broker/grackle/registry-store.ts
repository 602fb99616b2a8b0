import * as z from 'zod'
import { PUBLIC_KEY_BYTES } from '../../../core/broker/keys.ts'
import type { RegisteredClient, RegistryStore } from '../../../core/broker/signing/registry.ts'
import { sql, type Database, type SqlRow, type Statement } from '../sql.ts'

/** The step of `migrations.ts` for the registry. */
export const REGISTRY_TABLES: readonly string[] = [
  'CREATE TABLE grackle_client (service TEXT PRIMARY KEY, key BYTEA NOT NULL, created_at BIGINT NOT NULL)',
]

const Client = z.object({
  service: z.string(),
  key: z.instanceof(Uint8Array).refine((bytes) => bytes.byteLength === PUBLIC_KEY_BYTES),
})

/** Returns the store of the registry's API. Who opened the database closes it. */
export function createRegistryStore(database: Database): RegistryStore {
  async function rows(statement: Statement): Promise<readonly SqlRow[]> {
    return (await database.run([statement]))?.[0] ?? []
  }
  return {
    clients: async () =>
      (await rows(sql('SELECT service, key FROM grackle_client ORDER BY service'))).flatMap(clientOf),
    async put({ service, key }, at) {
      const text = `INSERT INTO grackle_client VALUES ($1, $2, $3)
        ON CONFLICT (service) DO UPDATE SET key = excluded.key, created_at = excluded.created_at`
      await rows(sql(text, service, key, at))
    },
    remove: async (service) =>
      (await rows(sql('DELETE FROM grackle_client WHERE service = $1 RETURNING service', service))).length >
      0,
  }
}

/** A row that cannot be read costs nothing but that row. */
function clientOf(row: SqlRow): readonly RegisteredClient[] {
  const { success, data } = Client.safeParse(row)
  return success ? [{ service: data.service, key: new Uint8Array(data.key), cidrs: [] }] : []
}
