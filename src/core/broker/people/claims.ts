import { LocketError } from '../../vocabulary/errors.ts'
import { isPersonName } from './people.ts'

/** The facts that a login service has signed about somebody. Their shapes are not checked. */
export type SignedClaims = Readonly<Record<string, unknown>>

/** How the facts of a login service become a person of the dashboard. */
export interface ClaimRule {
  /** The fact that is the name of the person. `email` counts only if the service has verified it. */
  readonly name: 'email' | 'sub'
  /** Who has this fact becomes a person at the first login. Left out: nobody does. */
  readonly newPeople?: { readonly claim: string; readonly value: string } | undefined
}

/** The person whom the facts are about. */
interface ClaimedPerson {
  readonly name: string
  /** The rule makes a person of this name if there is none. */
  readonly mayBeNew: boolean
}

/** Returns whom the facts are about. Throws `denied` when they name nobody for sure. */
export function personOfClaims(claims: SignedClaims, { name, newPeople }: ClaimRule): ClaimedPerson {
  const text = claims[name]
  if (typeof text !== 'string' || text === '')
    throw new LocketError('denied', `the login service gives no ${name}`, {
      hint: name === 'email' ? 'the scope email must be allowed, or oidc-name be sub' : undefined,
    })
  if (name === 'email' && claims['email_verified'] !== true)
    throw new LocketError('denied', 'the login service has not verified your email address')
  if (!isPersonName(text))
    throw new LocketError('denied', `the ${name} of the login service cannot be the name of a person`)
  return { name: text, mayBeNew: newPeople !== undefined && has(claims[newPeople.claim], newPeople.value) }
}

/** True for the text itself, and for a list that has it. */
function has(claim: unknown, value: string): boolean {
  return claim === value || (Array.isArray(claim) && claim.includes(value))
}
