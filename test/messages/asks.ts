import type { Setting, Slip } from './slip.ts'

type Says = Pick<Slip, 'what' | 'where' | 'why' | 'fix' | 'exit'>

/** A row of `locket check`, which asks a provider without waiting for better times. */
export function asks(
  server: Slip['server'] | undefined,
  mistake: string,
  {
    reference = REFERENCES[server ?? 'connect'],
    env = {},
    files = {},
  }: Setting & { readonly reference?: string },
  says: Says,
): Slip {
  const given = { 't.tmpl': `{{ ${reference} }}`, ...files }
  return { mistake, run: ['check', 't.tmpl'], ...(server && { server }), env, files: given, ...says }
}

/** The id of a secret. */
export const ID = '3832b656-a93b-45ad-bdfa-b267016802c3'
const REFERENCES = {
  connect: 'op://Prod/app/key',
  bao: 'bao://secret/app/key',
  bws: ID,
  infisical: 'infisical:///KEY',
}
