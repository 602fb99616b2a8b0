import type { PeopleStore } from '../../../core/broker/people/people-store.ts'
import { must, sql, type Database, type SqlRow, type Statement } from '../sql.ts'
import { machineRows } from './machine-rows.ts'
import { dropTries, tryRows } from './try-rows.ts'
import { passkeyOf, permissionOf, personOf, sessionOf, ticketOf } from './people-rows.ts'

const MINUTE_MS = 60_000

/** Returns the store of the dashboard's rows. Who opened the database closes it. */
export function createPeopleStore(database: Database): PeopleStore {
  const run: Database['run'] = (statements) => database.run(statements)

  async function rows(text: string, ...values: Statement['values']): Promise<readonly SqlRow[]> {
    return (await run([sql(text, ...values)]))?.[0] ?? []
  }

  /** Resolves with the first row in its form. Undefined: there is none. */
  async function first<T>(of: (row: SqlRow) => T, text: string, ...values: Statement['values']) {
    const [row] = await rows(text, ...values)
    return row === undefined ? undefined : of(row)
  }

  /** True when the statement gave a row. */
  async function did(text: string, ...values: Statement['values']): Promise<boolean> {
    return (await rows(text, ...values)).length > 0
  }

  return {
    addPerson: ({ id, name, isAdmin, createdAt }, isFirst = false) =>
      did(
        `INSERT INTO person (id, name, is_admin, created_at)
        SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS BIGINT)
        WHERE ${isFirst ? 'NOT EXISTS (SELECT 1 FROM person)' : '1 = 1'}
        ON CONFLICT DO NOTHING RETURNING id`,
        id,
        name,
        isAdmin ? 1 : 0,
        createdAt,
      ),

    person: (id) => first(personOf, 'SELECT * FROM person WHERE id = $1', id),
    personNamed: (name) => first(personOf, 'SELECT * FROM person WHERE name = $1', name),
    people: async () => (await rows('SELECT * FROM person ORDER BY name LIMIT 1000')).map(personOf),

    async removePerson(id) {
      const done = await run([
        sql('SELECT id FROM machine WHERE owner = $1 ORDER BY id', id),
        sql('DELETE FROM grants WHERE machine IN (SELECT id FROM machine WHERE owner = $1)', id),
        sql('DELETE FROM bundle WHERE machine IN (SELECT id FROM machine WHERE owner = $1)', id),
        sql('UPDATE machine SET owner = NULL WHERE owner = $1', id),
        must(`DELETE FROM person WHERE id = $1 AND ${NOT_THE_LAST} RETURNING id`, id),
      ])
      return done?.[0]?.map((row) => String(row['id']))
    },

    async permissionsOf(person) {
      const text = 'SELECT * FROM permission WHERE person = $1 ORDER BY project, permission'
      return (await rows(text, person)).flatMap(permissionOf)
    },

    async setPermissions(person, isAdmin, permissions) {
      const done = await run([
        must(
          `UPDATE person SET is_admin = CAST($2 AS BIGINT)
          WHERE id = $1 AND (CAST($2 AS BIGINT) = 1 OR ${NOT_THE_LAST}) RETURNING id`,
          person,
          isAdmin ? 1 : 0,
        ),
        sql('DELETE FROM permission WHERE person = $1', person),
        ...permissions.map(({ project, permission }) =>
          sql(
            'INSERT INTO permission (person, project, permission) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
            person,
            project,
            permission,
          ),
        ),
      ])
      return done !== undefined
    },

    async passwordOf(person) {
      const text = 'SELECT password FROM person WHERE id = $1 AND password IS NOT NULL'
      return await first((row) => String(row['password']), text, person)
    },

    async setPassword(person, hash, keptSession) {
      await run([
        sql('UPDATE person SET password = $2 WHERE id = $1', person, hash),
        sql('DELETE FROM session WHERE person = $1 AND hash <> $2', person, keptSession),
        // An older setup link, which somebody else may have, must not set another password.
        sql('DELETE FROM ticket WHERE person = $1', person),
      ])
    },

    async addSession({ hash, person, createdAt, expires, seenAt, address, agent }) {
      await run([
        sql('UPDATE person SET last_login = $2 WHERE id = $1', person, createdAt),
        sql(
          `INSERT INTO session (hash, person, created_at, expires, seen_at, address, agent)
          VALUES ($1, $2, $3, $4, $5, $6, $7)`,
          hash,
          person,
          createdAt,
          expires,
          seenAt,
          address,
          agent,
        ),
      ])
    },

    session: (hash, now) =>
      first(sessionOf, 'SELECT * FROM session WHERE hash = $1 AND expires > $2', hash, now),

    async sessionsOf(person, now) {
      const text =
        'SELECT * FROM session WHERE person = $1 AND expires > $2 ORDER BY created_at DESC LIMIT 100'
      return (await rows(text, person, now)).map(sessionOf)
    },

    async noteSessionSeen(hash, at) {
      const text = 'UPDATE session SET seen_at = $1 WHERE hash = $2'
      await database.runQuickly(sql(text, at - (at % MINUTE_MS), hash))
    },

    endSession: (person, hash) =>
      did('DELETE FROM session WHERE person = $1 AND hash = $2 RETURNING hash', person, hash),

    addPasskey: ({ id, person, name, publicKey, counter, createdAt }) =>
      did(
        `INSERT INTO passkey (id, person, name, public_key, counter, created_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id`,
        id,
        person,
        name,
        publicKey,
        counter,
        createdAt,
      ),

    passkey: (id) => first(passkeyOf, 'SELECT * FROM passkey WHERE id = $1', id),

    async passkeysOf(person) {
      const text = 'SELECT * FROM passkey WHERE person = $1 ORDER BY created_at LIMIT 100'
      return (await rows(text, person)).map(passkeyOf)
    },

    async notePasskeyUsed(id, counter, at) {
      await rows('UPDATE passkey SET counter = $2, last_used = $3 WHERE id = $1', id, counter, at)
    },

    removePasskey: (person, id) =>
      did('DELETE FROM passkey WHERE person = $1 AND id = $2 RETURNING id', person, id),

    async addTicket({ hash, kind, person, expires }) {
      const text = 'INSERT INTO ticket (hash, kind, person, expires) VALUES ($1, $2, $3, $4)'
      await rows(text, hash, kind, person ?? null, expires)
    },

    ticket: (hash, now) =>
      first(ticketOf, 'SELECT * FROM ticket WHERE hash = $1 AND expires > $2', hash, now),

    takeTicket: (hash, now) =>
      first(ticketOf, 'DELETE FROM ticket WHERE hash = $1 AND expires > $2 RETURNING *', hash, now),

    async dropExpired(now, idleBefore) {
      await run([
        sql('DELETE FROM session WHERE expires <= $1 OR seen_at < $2', now, idleBefore),
        sql('DELETE FROM ticket WHERE expires <= $1', now),
        ...dropTries(now),
      ])
    },

    ...tryRows(run),
    ...machineRows(rows),
  }
}

/** True for a person who is not the only administrator that is left. */
const NOT_THE_LAST = '(is_admin = 0 OR (SELECT COUNT(*) FROM person WHERE is_admin = 1) > 1)'
