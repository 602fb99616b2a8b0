import * as z from 'zod'
import { PUBLIC_KEY_BYTES } from '../../../core/broker/keys.ts'
import type { WorkloadStore } from '../../../core/ports/broker-store.ts'
import { must, sql, type Database } from '../sql.ts'

/** Sessions of one machine that have not expired. */
const MOST_SESSIONS = 1000

const Key = z.instanceof(Uint8Array).refine((bytes) => bytes.byteLength === PUBLIC_KEY_BYTES)
const Session = z.object({
  id: z.string(),
  machine: z.string(),
  signing_key: Key,
  sealing_key: Key,
  claims: z.string(),
  expires: z.number(),
})
const Claims = z.record(z.string(), z.unknown())

/** Returns the store of the sessions of workloads on the database of a broker. */
export function createWorkloadStore(database: Pick<Database, 'run'>): WorkloadStore {
  return {
    async add({ id, machine, keys, claims, expires }, now) {
      const hasRoom = `SELECT m.id FROM machine m WHERE m.id = $1 AND ${MOST_SESSIONS} >
        (SELECT COUNT(*) FROM workload_session s WHERE s.machine = $1 AND s.expires > $2)`
      const insert = `INSERT INTO workload_session (id, machine, signing_key, sealing_key, claims, expires)
        VALUES ($1, $2, $3, $4, $5, $6)`
      const done = await database.run([
        must(hasRoom, machine, now),
        sql(insert, id, machine, keys.signing, keys.sealing, JSON.stringify(claims), expires),
      ])
      return done !== undefined
    },

    async find(id) {
      const done = await database.run([sql('SELECT * FROM workload_session WHERE id = $1', id)])
      const read = Session.safeParse(done?.[0]?.[0])
      if (!read.success) return undefined
      const { machine, signing_key, sealing_key, claims, expires } = read.data
      return {
        id,
        machine,
        keys: { signing: new Uint8Array(signing_key), sealing: new Uint8Array(sealing_key) },
        claims: Claims.parse(JSON.parse(claims)),
        expires,
      }
    },
  }
}
