import type { PasskeyRecord, PersonRecord } from '../../core/broker/people/people.ts'
import { networkOf } from '../../core/broker/addresses.ts'
import { createNonce, tokenHash } from '../../core/broker/tokens.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { change } from '../broker/catalog.ts'
import type { Door } from './door.ts'
import { mustBeFresh } from './fresh-login.ts'
import { actorOf, type DashboardPorts, type Visitor } from './ports.ts'
import type { Sessions, Visit } from './sessions.ts'

/** A public key that a device has made, and that was verified. */
type NewPasskey = Pick<PasskeyRecord, 'id' | 'publicKey' | 'counter' | 'name'>

/** The passkeys of people. The bytes of WebAuthn are verified by the caller. */
export interface Passkeys {
  /**
   * Resolves with a new challenge: 128 random bits in base64url. It is good once, for five minutes. Rejects
   * with `rate_limited` for a person, or an address of somebody unknown, who asks too often. With a visit it
   * is for a new passkey, and rejects with `auth` if the login is not fresh.
   */
  challenge(visitor: Visitor, visit?: Visit): Promise<string>
  /** Uses a challenge up. Resolves with false if it is unknown, used or expired. */
  take(challenge: string): Promise<boolean>
  list(visit: Visit): Promise<readonly PasskeyRecord[]>
  /** Rejects with `usage` if the passkey is there already, and with `auth` if the login is not fresh. */
  add(visit: Visit, visitor: Visitor, passkey: NewPasskey): Promise<void>
  /** Rejects as `add` does, with `not_found`, and with `usage` for the only way of a person to log in. */
  remove(visit: Visit, visitor: Visitor, id: string): Promise<void>
  /** Resolves with a passkey and its person, for a login. Undefined: it is unknown. */
  find(id: string): Promise<{ readonly passkey: PasskeyRecord; readonly person: PersonRecord } | undefined>
  /** Logs the person of a passkey in, after its signature was verified. */
  open(
    used: { readonly passkey: PasskeyRecord; readonly person: PersonRecord; readonly counter: number },
    visitor: Visitor,
  ): Promise<{ token: string; expires: number }>
}

const CHALLENGE_MS = 5 * 60_000
const MOST_NAME_CHARACTERS = 60
const MOST_PASSKEYS = 20

/** Returns the passkeys of the dashboard. */
export function createPasskeys(ports: DashboardPorts, sessions: Sessions, door: Door): Passkeys {
  const { people, clock } = ports
  return {
    async challenge({ address }, visit) {
      if (visit !== undefined) mustBeFresh(visit, clock)
      door.admit(visit?.person.id ?? networkOf(address))
      const challenge = createNonce()
      const expires = clock.now() + CHALLENGE_MS
      await people.addTicket({ hash: tokenHash(challenge), kind: 'challenge', expires })
      return challenge
    },

    async take(challenge) {
      return (await people.takeTicket(tokenHash(challenge), clock.now()))?.kind === 'challenge'
    },

    list: ({ person }) => people.passkeysOf(person.id),

    async add(visit, visitor, { name, ...key }) {
      mustBeFresh(visit, clock)
      const { person } = visit
      if ((await people.passkeysOf(person.id)).length >= MOST_PASSKEYS)
        throw new LocketError('usage', `a person has at most ${MOST_PASSKEYS} passkeys`)
      const shown = name.trim().slice(0, MOST_NAME_CHARACTERS) || 'Passkey'
      const what = { action: 'person.change', target: `${person.name} passkey added` } as const
      await change(ports, actorOf(person, visitor), what, async () => {
        const passkey = { ...key, name: shown, person: person.id, createdAt: clock.now() }
        if (!(await people.addPasskey(passkey)))
          throw new LocketError('usage', 'this passkey is there already')
      })
    },

    async remove(visit, visitor, id) {
      mustBeFresh(visit, clock)
      const { person } = visit
      const own = await people.passkeysOf(person.id)
      if (own.length === 1 && !person.hasPassword)
        throw new LocketError('usage', 'this passkey is your only way to log in: set a password first')
      const what = { action: 'person.change', target: `${person.name} passkey removed` } as const
      await change(ports, actorOf(person, visitor), what, async () => {
        if (!(await people.removePasskey(person.id, id)))
          throw new LocketError('not_found', 'there is no such passkey any more')
      })
    },

    async find(id) {
      const passkey = await people.passkey(id)
      const person = passkey === undefined ? undefined : await people.person(passkey.person)
      return passkey === undefined || person === undefined ? undefined : { passkey, person }
    },

    async open({ passkey, person, counter }, visitor) {
      await people.notePasskeyUsed(passkey.id, counter, clock.now())
      return await sessions.open(person, visitor, 'passkey')
    },
  }
}
