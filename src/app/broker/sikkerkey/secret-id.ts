import type { SecretPlace } from '../../../core/broker/records.ts'

/** The form of an id: `sk_` and the letters of names. */
const SECRET_ID = /^sk_[A-Za-z0-9._-]{1,200}$/

/** True for a text that can be the id of a secret. */
export function isSecretId(text: string): boolean {
  return SECRET_ID.test(text)
}

/** Returns the secrets that an id may mean: `sk_NAME` or `sk_PROJECT__NAME`. */
export function secretsMeant<S extends SecretPlace>(id: string, secrets: readonly S[]): readonly S[] {
  return secrets.filter((secret) => id === shortId(secret) || id === longId(secret))
}

/** Returns the function that gives each of these secrets its id: the short one, if it means no other. */
export function idsOf(secrets: readonly SecretPlace[]): (secret: SecretPlace) => string {
  const counts = new Map<string, number>()
  const count = (id: string): unknown => counts.set(id, (counts.get(id) ?? 0) + 1)
  for (const secret of secrets) {
    count(shortId(secret))
    count(longId(secret))
  }
  return (secret) => (counts.get(shortId(secret)) === 1 ? shortId(secret) : longId(secret))
}

function shortId({ name }: SecretPlace): string {
  return `sk_${name}`
}

function longId({ project, name }: SecretPlace): string {
  return `sk_${project}__${name}`
}
