import { networkOf } from '../../core/broker/addresses.ts'
import { personOfClaims, type SignedClaims } from '../../core/broker/people/claims.ts'
import type { PersonRecord } from '../../core/broker/people/people.ts'
import { createToken, tokenHash } from '../../core/broker/tokens.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { change } from '../broker/catalog.ts'
import type { Door } from './door.ts'
import type { DashboardPorts, LoginService, LoginWords, Visitor } from './ports.ts'
import type { Sessions } from './sessions.ts'

/** The login by that service. */
export interface OutsideLogin {
  readonly service: string
  /**
   * Resolves with the address of the service, and with the token for a cookie of this browser. Rejects with
   * `rate_limited` and `unavailable`.
   */
  begin(visitor: Visitor, redirect: string): Promise<{ readonly url: string; readonly token: string }>
  /**
   * Logs the person of an answer in. Rejects with `auth` for an answer that is not right, and with `denied`
   * for somebody who is not a person here, and whom no rule makes one.
   */
  finish(
    visitor: Visitor,
    answer: { readonly token: string; readonly redirect: string; readonly query: URLSearchParams },
  ): Promise<{ token: string; expires: number }>
}

/** Milliseconds for the login at the service. */
const LOGIN_MS = 10 * 60_000
const ACTOR = 'login service'

/** Returns the login by a service. It counts no wrong passwords, and takes none back. */
export function createOutsideLogin(
  ports: DashboardPorts,
  service: LoginService,
  { sessions, door }: { readonly sessions: Pick<Sessions, 'open'>; readonly door: Door },
): OutsideLogin {
  const { people, clock, emit, audit } = ports

  /** The words follow from the token, which only the cookie has: nothing but its hash is stored. */
  function wordsOf(token: string, redirect: string): LoginWords {
    const word = (of: string): string => tokenHash(`login service ${of} ${token}`)
    return { redirect, state: word('state'), nonce: word('nonce'), verifier: word('verifier') }
  }

  async function refused({ address }: Visitor, target: string, reason: string): Promise<void> {
    emit('dashboard.login-failed', { person: 'unknown', address })
    const line = { actor: ACTOR, action: 'login', target, address } as const
    await audit([{ ...line, at: clock.now(), outcome: 'denied', reason }])
  }

  async function personFor(claims: SignedClaims, visitor: Visitor): Promise<PersonRecord> {
    let name = 'unknown'
    try {
      const claimed = personOfClaims(claims, service.rule)
      ;({ name } = claimed)
      const known = await people.personNamed(name)
      if (known !== undefined) return known
      if (claimed.mayBeNew) return await add(name, visitor)
      throw new LocketError('denied', `${name} is not a person of this dashboard`, {
        hint: 'an administrator can add you on the page People',
      })
    } catch (thrown) {
      if (thrown instanceof LocketError && thrown.code === 'denied')
        await refused(visitor, name, thrown.reason)
      throw thrown
    }
  }

  /** Adds a person without rights. The first one comes by the link in the state folder, and not from here. */
  async function add(name: string, { address }: Visitor): Promise<PersonRecord> {
    if ((await people.people()).length === 0)
      throw new LocketError('denied', 'the dashboard has no administrator yet', {
        hint: 'use the setup link of the broker first',
      })
    const person = {
      id: createToken('p'),
      name,
      isAdmin: false,
      hasPassword: false,
      createdAt: clock.now(),
    }
    const what = { action: 'person.add', target: name } as const
    await change(ports, { actor: ACTOR, address }, what, async () => {
      if (!(await people.addPerson(person)))
        throw new LocketError('usage', `there is a person ${name} already`, { hint: 'log in again' })
    })
    return person
  }

  return {
    service: service.name,

    async begin({ address }, redirect) {
      door.admit(networkOf(address))
      const token = createToken('lo')
      const url = await service.begin(wordsOf(token, redirect))
      await people.addTicket({ hash: tokenHash(token), kind: 'outside', expires: clock.now() + LOGIN_MS })
      return { url, token }
    },

    async finish(visitor, { token, redirect, query }) {
      const ticket = await people.takeTicket(tokenHash(token), clock.now())
      if (ticket?.kind !== 'outside')
        throw new LocketError('auth', 'this login was not begun in this browser, or it took too long')
      let claims: SignedClaims
      try {
        claims = await service.finish(wordsOf(token, redirect), query)
      } catch (thrown) {
        if (thrown instanceof LocketError && thrown.code === 'auth')
          await refused(visitor, 'unknown', thrown.reason)
        throw thrown
      }
      return await sessions.open(await personFor(claims, visitor), visitor, `login service ${service.name}`)
    },
  }
}
