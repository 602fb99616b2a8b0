import * as z from 'zod'
import type { AuditHead, AuditRow } from '../../core/broker/audit/chain-rows.ts'
import { BROKER_AUDIT_ACTIONS } from '../../core/broker/seams.ts'
import type { AuditFilter, AuditStore } from '../../core/ports/broker-store.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { must, sql, type Database, type SqlRow, type Statement } from './sql.ts'

/** Rows of one statement: any number up to the first, or the second. Each number has a text to prepare. */
const [FEW_ROWS, MANY_ROWS] = [16, 64]
const COLUMNS = [
  'seq',
  'at',
  'actor',
  'action',
  'target',
  'machine',
  'secret',
  'address',
  'outcome',
  'reason',
  'hash',
]
/** Young lines that are counted for one question. */
const MOST_YOUNG = 20_000
/** The rows of the table `audit_head`. */
const [HEAD, BASE] = [1, 0]

/** Returns the store of a broker's audit lines on a database. */
export function createAuditStore(database: Database): AuditStore {
  async function one(statement: Statement): Promise<readonly SqlRow[]> {
    return (await database.run([statement]))?.[0] ?? []
  }

  async function headAt(id: number): Promise<AuditHead> {
    const [row] = await one(sql('SELECT seq, hash FROM audit_head WHERE id = $1', id))
    return Head.parse(row)
  }

  /**
   * Resolves with the first line that is as young as this, so that a question about the last days does not
   * read all older lines. Undefined: so many lines are that young that the newest ones are found quickly.
   * Times of lines are not in their order, because clocks are set back.
   */
  async function firstSince(at: number): Promise<number | 'none' | undefined> {
    const text = `SELECT COUNT(*) AS number, MIN(seq) AS first
      FROM (SELECT seq FROM audit WHERE at >= $1 ORDER BY at LIMIT ${MOST_YOUNG + 1}) AS young`
    const [row] = await one(sql(text, at))
    const number = Number(row?.['number'])
    if (number === 0) return 'none'
    return number > MOST_YOUNG ? undefined : Number(row?.['first'])
  }

  return {
    head: () => headAt(HEAD),
    base: () => headAt(BASE),

    async append(rows, after) {
      const last = rows.at(-1)
      if (last === undefined) return true
      // The row of the head is the lock: who finds another head than the expected one stores nothing.
      const moved = must(
        'UPDATE audit_head SET seq = $1, hash = $2 WHERE id = $3 AND seq = $4 AND hash = $5 RETURNING seq',
        last.seq,
        last.hash,
        HEAD,
        after.seq,
        after.hash,
      )
      return (await database.run([moved, ...insertions(rows)])) !== undefined
    },

    async newest(filter, most) {
      const first = filter.since === undefined ? undefined : await firstSince(filter.since)
      if (first === 'none') return []
      const { where, values } = conditionsOf(filter, first)
      const text = `SELECT * FROM audit ${where} ORDER BY seq DESC LIMIT $${values.length + 1}`
      return (await one(sql(text, ...values, most))).map(rowOf)
    },

    async after(seq, most) {
      return (await one(sql('SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2', seq, most))).map(
        rowOf,
      )
    },

    async dropBefore(at, most) {
      // The first line that is young enough ends the deletion: what is left is one piece of the chain.
      const last = `SELECT seq, hash FROM audit
        WHERE seq <= (SELECT MIN(seq) FROM audit) + $1 - 1
          AND seq < (SELECT COALESCE(MIN(seq), (SELECT seq FROM audit_head WHERE id = ${HEAD})) FROM audit WHERE at >= $2)
        ORDER BY seq DESC LIMIT 1`
      const [row] = await one(sql(last, most, at))
      if (row !== undefined) {
        const { seq, hash } = Head.parse(row)
        await database.run([
          must(
            'UPDATE audit_head SET seq = $1, hash = $2 WHERE id = $3 AND seq < $1 RETURNING seq',
            seq,
            hash,
            BASE,
          ),
          sql('DELETE FROM audit WHERE seq <= $1', seq),
        ])
      }
      return await headAt(BASE)
    },

    async claim(work) {
      const text = `INSERT INTO setting VALUES ('audit.claim', $1)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE setting.value <> excluded.value RETURNING value`
      return (await one(sql(text, work))).length > 0
    },
  }
}

function insertions(rows: readonly AuditRow[]): readonly Statement[] {
  const statements: Statement[] = []
  for (let at = 0; at < rows.length;) {
    const left = rows.length - at
    const size = left >= MANY_ROWS ? MANY_ROWS : Math.min(left, FEW_ROWS)
    const values = rows.slice(at, at + size).flatMap(valuesOf)
    statements.push(sql(insertOf(size), ...values))
    at += size
  }
  return statements
}

const inserts = new Map<number, string>()

function insertOf(count: number): string {
  const known = inserts.get(count)
  if (known !== undefined) return known
  const rows = Array.from({ length: count }, (_, row) => {
    const marks = COLUMNS.map((_name, column) => `$${row * COLUMNS.length + column + 1}`)
    return `(${marks.join(', ')})`
  })
  const text = `INSERT INTO audit (${COLUMNS.join(', ')}) VALUES ${rows.join(', ')}`
  inserts.set(count, text)
  return text
}

function valuesOf({ seq, hash, entry }: AuditRow): Statement['values'] {
  const { at, actor, action, target, machine, secret, address, outcome, reason } = entry
  return [seq, at, actor, action, target, machine ?? null, secret ?? null, address, outcome, reason, hash]
}

function conditionsOf(
  { machine, secret, outcome, since, until, before }: AuditFilter,
  first: number | undefined,
) {
  const wanted: readonly (readonly [text: string, value: string | number | undefined])[] = [
    ['machine =', machine],
    ['secret =', secret],
    ['outcome =', outcome],
    ['at >=', since],
    ['at <=', until],
    ['seq >=', first],
    ['seq <', before],
  ]
  const used = wanted.flatMap(([text, value]) => (value === undefined ? [] : [{ text, value }]))
  const where = used.map(({ text }, index) => `${text} $${index + 1}`).join(' AND ')
  return { where: where === '' ? '' : `WHERE ${where}`, values: used.map(({ value }) => value) }
}

const Head = z.object({ seq: z.number(), hash: z.string() })
const Row = z.object({
  seq: z.number(),
  at: z.number(),
  actor: z.string(),
  action: z.enum(BROKER_AUDIT_ACTIONS),
  target: z.string(),
  machine: z.string().nullable(),
  secret: z.string().nullable(),
  address: z.string(),
  outcome: z.enum(['allowed', 'denied', 'failed']),
  reason: z.string(),
  hash: z.string(),
})

/** Throws `io` for a row that locket has not written. */
function rowOf(row: SqlRow): AuditRow {
  const read = Row.safeParse(row)
  if (!read.success)
    throw new LocketError('io', `line ${String(row['seq'])} of the audit in the database cannot be read`)
  const { seq, hash, machine, secret, ...entry } = read.data
  return {
    seq,
    hash,
    entry: {
      ...entry,
      ...(machine === null ? {} : { machine }),
      ...(secret === null ? {} : { secret }),
    },
  }
}
