import { hashPassword, isPassword, PASSWORD_LENGTH } from '../../core/broker/people/password.ts'
import { isPersonName, type PersonRecord } from '../../core/broker/people/people.ts'
import { tokenHash } from '../../core/broker/tokens.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { change } from '../broker/catalog.ts'
import { mustBeFresh } from './fresh-login.ts'
import { actorOf, type DashboardPorts, type Visitor } from './ports.ts'
import type { Sessions, Visit } from './sessions.ts'

/** A name and a password that somebody typed. */
interface PasswordTry {
  readonly name: string
  readonly password: string
}

/** The login by password. */
export interface Login {
  /**
   * Logs in, and resolves with the token of the session. Rejects with `auth`, with `rate_limited` after five
   * wrong passwords for a name, and with `unavailable` while too many others log in.
   */
  withPassword(tried: PasswordTry, visitor: Visitor): Promise<{ token: string; expires: number }>
  /**
   * Sets the password of a person, which ends their other sessions. Rejects with `auth` for a wrong present
   * password, or without one for a login that is not fresh, and with `usage` for a new one that is too short.
   */
  changePassword(
    visit: Visit,
    visitor: Visitor,
    words: { readonly present: string; readonly next: string },
  ): Promise<void>
  /** Sets the first password of a person who has none, or who has a new setup link. Rejects with `usage`. */
  setPassword(person: PersonRecord, password: string): Promise<void>
}

/** Wrong passwords for one name: five at once, then one in three minutes. */
const FAILURES = { count: 5, perMs: 15 * 60_000 } as const
/** Passwords that are checked, and wait to be checked, at the same time: each takes 19 MiB and 80 ms. */
const MOST_AT_ONCE = 2
const MOST_WAITING = 20

/** Returns the login. Names that do not exist are treated as those that do, in time and in answers. */
export function createLogin(
  ports: Pick<DashboardPorts, 'clock' | 'people' | 'audit' | 'emit' | 'store'>,
  sessions: Pick<Sessions, 'open'>,
): Login {
  const { clock, people, audit, emit } = ports
  const inTurn = createTurns(MOST_AT_ONCE, MOST_WAITING)

  /** Counts a try before the check, so that tries at the same time count too. */
  async function take(name: string, person: PersonRecord | undefined): Promise<void> {
    // A name has any length, and its hash has one.
    const who = person?.id ?? tokenHash(name)
    const waitMs = await people.takeTry({ who, isPerson: person !== undefined }, FAILURES, clock.now())
    if (waitMs === 0) return
    throw new LocketError('rate_limited', `too many wrong passwords: try again in ${minutes(waitMs)}`, {
      retryAfterMs: waitMs,
    })
  }

  async function noteFailure(person: PersonRecord | undefined, visitor: Visitor): Promise<void> {
    const { address } = visitor
    emit('dashboard.login-failed', { person: person?.name ?? 'unknown', address })
    if (person === undefined) return
    const line = { ...actorOf(person, visitor), action: 'login', target: person.name } as const
    await audit([{ ...line, at: clock.now(), outcome: 'denied', reason: 'wrong password' }])
  }

  async function checked(
    { name, password }: PasswordTry,
    visitor: Visitor,
  ): Promise<PersonRecord | undefined> {
    const person = isPersonName(name) ? await people.personNamed(name) : undefined
    await take(name, person)
    const hash = person === undefined ? undefined : await people.passwordOf(person.id)
    const isRight =
      password.length <= PASSWORD_LENGTH.most && (await inTurn(() => isPassword(password, hash)))
    if (isRight && person !== undefined) {
      await people.clearTries(person.id)
      return person
    }
    await noteFailure(person, visitor)
    return undefined
  }

  return {
    async withPassword(tried, visitor) {
      const person = await checked(tried, visitor)
      if (person === undefined) throw new LocketError('auth', 'the name or the password is wrong')
      return await sessions.open(person, visitor, 'password')
    },

    async changePassword(visit, visitor, { present, next }) {
      const { person, session } = visit
      checkPassword(next)
      if (!person.hasPassword) mustBeFresh(visit, clock)
      else if ((await checked({ name: person.name, password: present }, visitor)) === undefined)
        throw new LocketError('auth', 'the present password is wrong')
      const hash = await inTurn(() => hashPassword(next))
      const what = { action: 'person.change', target: `${person.name} password` } as const
      await change(ports, actorOf(person, visitor), what, () =>
        people.setPassword(person.id, hash, session.hash),
      )
    },

    async setPassword(person, password) {
      checkPassword(password)
      await people.setPassword(person.id, await inTurn(() => hashPassword(password)), '')
    },
  }
}

/** Throws `usage` for a password that is too short or too long. */
export function checkPassword(password: string): void {
  const { least, most } = PASSWORD_LENGTH
  if (password.length < least || password.length > most)
    throw new LocketError('usage', `a password has ${least} to ${most} characters`)
}

/** Returns a function that does `atOnce` things at a time. Rejects with `unavailable` above `mostWaiting`. */
function createTurns(atOnce: number, mostWaiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let busy = 0
  return async (work) => {
    if (busy >= atOnce) {
      if (waiting.length >= mostWaiting)
        throw new LocketError('rate_limited', 'too many people log in at this moment: try again', {
          retryAfterMs: 2000,
        })
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else busy += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) busy -= 1
      else next()
    }
  }
}

function minutes(ms: number): string {
  const count = Math.ceil(ms / 60_000)
  return count === 1 ? 'one minute' : `${count} minutes`
}
