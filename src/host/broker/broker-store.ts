import { ALL_SECRETS, type SecretPlace } from '../../core/broker/records.ts'
import type { BrokerStore, NewMachine } from '../../core/ports/broker-store.ts'
import { createKnownRecords } from './records/known-records.ts'
import { createNonceTable } from './records/nonces.ts'
import { grantOf, machineOf, secretOf } from './records/rows.ts'
import { must, sql, type Database, type SqlRow, type Statement } from './sql.ts'

/** Names of one question: a longer list becomes several questions. */
const NAMES_AT_ONCE = 200
const MINUTE_MS = 60_000

/** Returns the store of a broker's records on a database. Disposing closes the database. */
export function createBrokerStore(database: Database): BrokerStore {
  const run: Database['run'] = (statements) => database.run(statements)
  const known = createKnownRecords(database)

  async function one(statement: Statement): Promise<readonly SqlRow[]> {
    return (await run([statement]))?.[0] ?? []
  }

  /** True when the statement gave a row. */
  async function did(statement: Statement): Promise<boolean> {
    return (await one(statement)).length > 0
  }

  async function machineBy(column: 'id' | 'name', value: string) {
    const [row] = await one(sql(`SELECT * FROM machine WHERE ${column} = $1`, value))
    return row === undefined ? undefined : machineOf(row)
  }

  async function grantedAmong(machine: string, names: readonly SecretPlace[]) {
    const found: SqlRow[] = []
    for (let at = 0; at < names.length; at += NAMES_AT_ONCE) {
      const some = names.slice(at, at + NAMES_AT_ONCE)
      const places = some.map((_, index) => `(s.project = $${2 * index + 2} AND s.name = $${2 * index + 3})`)
      const values = some.flatMap(({ project, name }) => [project, name])
      found.push(...(await one(sql(`${GRANTED} AND (${places.join(' OR ')})`, machine, ...values))))
    }
    return found.map(secretOf)
  }

  return {
    async addSecret({ project, name, reference, createdAt }) {
      const done = await run([
        sql('INSERT INTO project VALUES ($1, $2) ON CONFLICT DO NOTHING', project, createdAt),
        must(
          'INSERT INTO secret VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING name',
          project,
          name,
          reference,
          createdAt,
        ),
      ])
      return done !== undefined
    },

    async removeSecret({ project, name }) {
      const done = await run([
        must('DELETE FROM secret WHERE project = $1 AND name = $2 RETURNING name', project, name),
        sql('DELETE FROM grants WHERE project = $1 AND secret = $2', project, name),
      ])
      return done !== undefined
    },

    async secrets(project) {
      const rows =
        project === undefined
          ? await one(sql('SELECT * FROM secret ORDER BY project, name'))
          : await one(sql('SELECT * FROM secret WHERE project = $1 ORDER BY name', project))
      return rows.map(secretOf)
    },

    async addMachine(added) {
      const { machine, grants } = added
      const done = await run([
        must(
          `INSERT INTO machine (id, name, state, signing_key, sealing_key, cidrs, not_after, created_at, owner, workload)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING id`,
          machine.id,
          machine.name,
          machine.state,
          machine.keys?.signing ?? null,
          machine.keys?.sealing ?? null,
          JSON.stringify(machine.cidrs),
          machine.notAfter ?? null,
          machine.createdAt,
          machine.owner ?? null,
          machine.workload === undefined ? null : JSON.stringify(machine.workload),
        ),
        ...grants.map((grant) => insertGrant(machine.id, grant, machine.createdAt)),
        ...ticketsOf(added),
      ])
      if (done !== undefined) return 'added'
      return (await machineBy('name', machine.name)) === undefined ? 'no-secret' : 'exists'
    },

    machine: (id) => known.machine(id, () => machineBy('id', id)),
    machineNamed: (name) => machineBy('name', name),
    machines: async () => (await one(sql('SELECT * FROM machine ORDER BY name'))).map(machineOf),

    setMachineState: (id, state) =>
      did(
        state === 'disabled'
          ? sql("UPDATE machine SET state = 'disabled' WHERE id = $1 RETURNING id", id)
          : sql(
              `UPDATE machine SET state = 'enabled'
              WHERE id = $1 AND (signing_key IS NOT NULL OR workload IS NOT NULL) RETURNING id`,
              id,
            ),
      ),

    async removeMachine(id) {
      // Tokens, bundles and grants go with the row of the machine. Its nonces expire.
      return await did(sql('DELETE FROM machine WHERE id = $1 RETURNING id', id))
    },

    async noteSeen(id, at) {
      const text = 'UPDATE machine SET last_seen = $1 WHERE id = $2'
      const minute = at - (at % MINUTE_MS)
      await database.runQuickly(sql(text, minute, id))
      known.seen(id, minute)
    },

    async addGrant({ machine, ...grant }, at) {
      if ((await machineBy('id', machine)) === undefined) return 'no-machine'
      return (await run([insertGrant(machine, grant, at)])) === undefined ? 'no-secret' : 'added'
    },

    removeGrant: ({ machine, project, name }) =>
      did(
        sql(
          'DELETE FROM grants WHERE machine = $1 AND project = $2 AND secret = $3 RETURNING secret',
          machine,
          project,
          name,
        ),
      ),

    async grantsOf(machine) {
      const text = 'SELECT project, secret FROM grants WHERE machine = $1 ORDER BY project, secret'
      return (await one(sql(text, machine))).map(grantOf)
    },

    async granted(machine, names) {
      if (names === undefined)
        return (await one(sql(`${GRANTED} ORDER BY s.project, s.name`, machine))).map(secretOf)
      return await known.granted(machine, names, (unknown) => grantedAmong(machine, unknown))
    },

    async ticketOf(hash, now) {
      const text = `SELECT name FROM machine WHERE id IN (
        SELECT machine FROM enrol_token WHERE hash = $1 AND expires > $2
        UNION SELECT machine FROM bundle WHERE hash = $1 AND expires > $2)`
      const [row] = await one(sql(text, hash, now))
      return row === undefined ? undefined : String(row['name'])
    },

    async enrol(hash, { signing, sealing }, now) {
      const done = await run([
        must(
          `UPDATE machine SET signing_key = $1, sealing_key = $2,
            state = (SELECT CASE needs_approval WHEN 1 THEN 'pending' ELSE 'enabled' END FROM enrol_token WHERE hash = $3)
          WHERE state = 'invited' AND id = (SELECT machine FROM enrol_token WHERE hash = $3 AND expires > $4)
          RETURNING *`,
          signing,
          sealing,
          hash,
          now,
        ),
        sql('DELETE FROM enrol_token WHERE hash = $1', hash),
      ])
      const row = done?.[0]?.[0]
      if (row === undefined) return undefined
      const { id, name, state } = machineOf(row)
      return { id, name, state }
    },

    async takeBundle(hash, now) {
      const [row] = await one(sql('DELETE FROM bundle WHERE hash = $1 RETURNING sealed, expires', hash))
      const sealed = row?.['sealed']
      return sealed instanceof Uint8Array && Number(row?.['expires']) > now
        ? new Uint8Array(sealed)
        : undefined
    },

    useNonce: createNonceTable(database),

    async dropExpired(now) {
      await database.runQuickly(sql('DELETE FROM nonce WHERE expires <= $1', now))
      await run([
        sql('DELETE FROM enrol_token WHERE expires <= $1', now),
        sql('DELETE FROM bundle WHERE expires <= $1', now),
        sql('DELETE FROM workload_session WHERE expires <= $1', now),
      ])
    },

    async settle(name, value) {
      await one(sql('INSERT INTO setting VALUES ($1, $2) ON CONFLICT DO NOTHING', name, value))
      const [row] = await one(sql('SELECT value FROM setting WHERE name = $1', name))
      return String(row?.['value'])
    },

    announce: (change) => database.announce(change),
    onChange: (listener) => database.onChange(listener),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

/** The secrets that a machine may read. */
const GRANTED = `SELECT s.* FROM secret s WHERE EXISTS (SELECT 1 FROM grants g
  WHERE g.machine = $1 AND g.project = s.project AND (g.secret = s.name OR g.secret = '${ALL_SECRETS}'))`

/** Stores a grant of a secret that exists, or of all secrets of a project that exists. */
function insertGrant(machine: string, { project, name }: SecretPlace, at: number): Statement {
  // Without the update, a grant that is there already would return no row.
  return must(
    `INSERT INTO grants (machine, project, secret, created_at)
    SELECT CAST($1 AS TEXT), p.name, CAST($3 AS TEXT), CAST($4 AS BIGINT) FROM project p
    WHERE p.name = $2 AND ($3 = '${ALL_SECRETS}' OR EXISTS (SELECT 1 FROM secret s WHERE s.project = $2 AND s.name = $3))
    ON CONFLICT (machine, project, secret) DO UPDATE SET created_at = grants.created_at RETURNING secret`,
    machine,
    project,
    name,
    at,
  )
}

function ticketsOf({ machine, invitation, bundle }: NewMachine): readonly Statement[] {
  const statements: Statement[] = []
  if (invitation !== undefined) {
    const { hash, expires, needsApproval } = invitation
    const text = 'INSERT INTO enrol_token (hash, machine, expires, needs_approval) VALUES ($1, $2, $3, $4)'
    statements.push(sql(text, hash, machine.id, expires, needsApproval ? 1 : 0))
  }
  if (bundle !== undefined) {
    const text = 'INSERT INTO bundle (hash, machine, expires, sealed) VALUES ($1, $2, $3, $4)'
    statements.push(sql(text, bundle.hash, machine.id, bundle.expires, bundle.sealed))
  }
  return statements
}
