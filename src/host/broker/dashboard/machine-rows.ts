import type { PeopleStore } from '../../../core/broker/people/people-store.ts'
import { machineOf } from '../records/rows.ts'
import type { SqlRow, Statement } from '../sql.ts'

type Ask = (text: string, ...values: Statement['values']) => Promise<readonly SqlRow[]>

/** The questions of the dashboard about machines and projects. */
type MachineRows = Pick<
  PeopleStore,
  | 'machinePage'
  | 'machineCounts'
  | 'countUnseen'
  | 'renameMachine'
  | 'clearGrants'
  | 'bundle'
  | 'projects'
  | 'machinesOf'
>

/** Returns these questions on a database. */
export function machineRows(ask: Ask): MachineRows {
  return {
    async machinePage({ after, most, search, state = '', owner = '' }) {
      const text = `SELECT m.*, (SELECT COUNT(*) FROM grants g WHERE g.machine = m.id) AS grants
        FROM machine m WHERE m.name > $1 AND (CAST($2 AS TEXT) = '' OR lower(m.name) LIKE $2 ESCAPE '!')
          AND (CAST($3 AS TEXT) = '' OR m.state = $3) AND (CAST($4 AS TEXT) = '' OR m.owner = $4)
        ORDER BY m.name LIMIT CAST($5 AS BIGINT)`
      const pattern = search === '' ? '' : `%${search.toLowerCase().replaceAll(/[!%_]/g, '!$&')}%`
      const rows = await ask(text, after, pattern, state, owner, most)
      return rows.map((row) => ({ ...machineOf(row), grants: Number(row['grants']) }))
    },

    async machineCounts(owner = '') {
      const text = `SELECT state, COUNT(*) AS number FROM machine
        WHERE CAST($1 AS TEXT) = '' OR owner = $1 GROUP BY state`
      return new Map((await ask(text, owner)).map((row) => [String(row['state']), Number(row['number'])]))
    },

    async countUnseen(since, owner = '') {
      const text = `SELECT COUNT(*) AS number FROM machine WHERE state = 'enabled'
        AND COALESCE(last_seen, created_at) < $1 AND (CAST($2 AS TEXT) = '' OR owner = $2)`
      return Number((await ask(text, since, owner))[0]?.['number'])
    },

    async renameMachine(id, name) {
      const text = `UPDATE machine SET name = $2 WHERE id = $1
        AND NOT EXISTS (SELECT 1 FROM machine WHERE name = $2) RETURNING id`
      return (await ask(text, id, name)).length > 0
    },

    async clearGrants(machine) {
      return (await ask('DELETE FROM grants WHERE machine = $1 RETURNING secret', machine)).length
    },

    async bundle(hash, now) {
      const text = `SELECT m.name AS name, b.expires AS expires FROM bundle b
        JOIN machine m ON m.id = b.machine WHERE b.hash = $1 AND b.expires > $2`
      const [row] = await ask(text, hash, now)
      return row && { name: String(row['name']), expires: Number(row['expires']) }
    },

    async projects() {
      const text = `SELECT p.name AS name,
        (SELECT COUNT(*) FROM secret s WHERE s.project = p.name) AS secrets,
        (SELECT COUNT(*) FROM grants g WHERE g.project = p.name) AS grants FROM project p ORDER BY p.name`
      return (await ask(text)).map((row) => ({
        name: String(row['name']),
        secrets: Number(row['secrets']),
        grants: Number(row['grants']),
      }))
    },

    async machinesOf(project, most) {
      const text = `SELECT name FROM machine m
        WHERE EXISTS (SELECT 1 FROM grants g WHERE g.machine = m.id AND g.project = $1)
        ORDER BY name LIMIT CAST($2 AS BIGINT)`
      return (await ask(text, project, most)).map((row) => String(row['name']))
    },
  }
}
