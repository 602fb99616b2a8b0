import type { PeopleStore } from '../../../core/broker/people/people-store.ts'
import { sql, type Database, type Statement } from '../sql.ts'

/** Names that nobody has, and whose tries are kept: anybody can invent more. */
const MOST_INVENTED = 10_000

/**
 * Returns the counts of tries. A row has one number, the moment at which all tries are there again: each try
 * moves it by one step.
 */
export function tryRows(run: Database['run']): Pick<PeopleStore, 'takeTry' | 'clearTries'> {
  return {
    async takeTry({ who, isPerson }, { count, perMs }, now) {
      const step = Math.ceil(perMs / count)
      const latest = now + (count - 1) * step
      const done = await run([
        // A clock that was set back must not lock a name for longer.
        sql('UPDATE login_try SET free_at = $2 WHERE who = $1 AND free_at > $2', who, latest + step),
        sql(
          `INSERT INTO login_try (who, is_person, free_at)
          VALUES ($1, CAST($2 AS BIGINT), CAST($3 AS BIGINT) + CAST($4 AS BIGINT))
          ON CONFLICT (who) DO UPDATE SET free_at = CAST($4 AS BIGINT)
            + CASE WHEN login_try.free_at > CAST($3 AS BIGINT) THEN login_try.free_at ELSE CAST($3 AS BIGINT) END
          WHERE login_try.free_at <= CAST($5 AS BIGINT) RETURNING who`,
          who,
          isPerson ? 1 : 0,
          now,
          step,
          latest,
        ),
        sql('SELECT free_at FROM login_try WHERE who = $1', who),
      ])
      if ((done?.[1]?.length ?? 0) > 0) return 0
      return Math.max(1, Number(done?.[2]?.[0]?.['free_at']) - latest)
    },

    async clearTries(who) {
      await run([sql('DELETE FROM login_try WHERE who = $1', who)])
    },
  }
}

/** Returns the statements that delete what does not count any more. */
export function dropTries(now: number): readonly Statement[] {
  return [
    sql('DELETE FROM login_try WHERE free_at <= $1', now),
    sql(
      `DELETE FROM login_try WHERE is_person = 0 AND who NOT IN
        (SELECT who FROM login_try WHERE is_person = 0 ORDER BY free_at DESC LIMIT ${MOST_INVENTED})`,
    ),
  ]
}
