import type { PersonRecord, SessionRecord } from '../../core/broker/people/people.ts'
import type { Viewer } from '../../core/broker/people/rights.ts'
import { createToken, tokenHash } from '../../core/broker/tokens.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { change } from '../broker/catalog.ts'
import { actorOf, type DashboardPorts, type Visitor } from './ports.ts'

/** A person who is logged in, with all rights of this moment. */
export interface Visit extends Viewer {
  readonly session: SessionRecord
}

/** The sessions of people. */
export interface Sessions {
  /**
   * Resolves with the visit of a token. Undefined: it is unknown, expired, or was not used for two hours.
   * `isQuiet`: the script asks, and not the person, so the session is not kept alive.
   */
  find(token: string, isQuiet?: boolean): Promise<Visit | undefined>
  /** Logs a person in, and resolves with the token for the cookie. `how` is for the audit. */
  open(person: PersonRecord, visitor: Visitor, how: string): Promise<{ token: string; expires: number }>
  list(visit: Visit): Promise<readonly SessionRecord[]>
  /** Ends a session of the person, by its hash. Rejects with `not_found`. */
  end(visit: Visit, visitor: Visitor, hash: string): Promise<void>
}

/** Milliseconds of a session, and without a request. */
const LONGEST_MS = 12 * 3_600_000
const IDLE_MS = 2 * 3_600_000
const MINUTE_MS = 60_000
const MOST_AGENT_CHARACTERS = 200

/** Returns the sessions. Disposing ends the deletion of those that have expired. */
export function createPeopleSessions(ports: DashboardPorts): Sessions & Disposable {
  const { clock, people, audit } = ports
  const stopping = new AbortController()

  async function dropExpired(): Promise<void> {
    for (;;) {
      await clock.sleep(MINUTE_MS, stopping.signal)
      // A database that is away is tried again a minute later.
      await people.dropExpired(clock.now(), clock.now() - IDLE_MS).catch(() => undefined)
    }
  }
  dropExpired().catch(() => undefined)

  return {
    async find(token, isQuiet = false) {
      const now = clock.now()
      const session = await people.session(tokenHash(token), now)
      if (session === undefined || session.seenAt < now - IDLE_MS - MINUTE_MS) return undefined
      const person = await people.person(session.person)
      if (person === undefined) return undefined
      if (!isQuiet && now - session.seenAt >= MINUTE_MS) await people.noteSessionSeen(session.hash, now)
      return { session, person, permissions: await people.permissionsOf(person.id) }
    },

    async open(person, visitor, how) {
      const token = createToken('ls')
      const now = clock.now()
      const expires = now + LONGEST_MS
      const line = { ...actorOf(person, visitor), action: 'login', target: person.name } as const
      await audit([{ ...line, at: now, outcome: 'allowed', reason: how }])
      await people.addSession({
        hash: tokenHash(token),
        person: person.id,
        createdAt: now,
        expires,
        seenAt: now,
        address: visitor.address,
        agent: visitor.agent.slice(0, MOST_AGENT_CHARACTERS),
      })
      return { token, expires }
    },

    list: ({ person }) => people.sessionsOf(person.id, clock.now()),

    async end({ person }, visitor, hash) {
      const what = { action: 'session.end', target: person.name } as const
      await change(ports, actorOf(person, visitor), what, async () => {
        if (!(await people.endSession(person.id, hash)))
          throw new LocketError('not_found', 'there is no such session any more')
      })
    },

    [Symbol.dispose]() {
      stopping.abort(new LocketError('aborted', 'the broker stops'))
    },
  }
}
