import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { parseReference } from './references.ts'
import { opSettings } from './settings.ts'

/** The provider `op`: service accounts of 1Password. */
export const op = defineProvider({
  kind: 'op',
  title: '1Password service accounts',
  schemes: ['op'],
  autoRefresh: { everyMs: 900_000 },
  example: 'op://Servers/Database/password',
  settings: opSettings,
  parse(text, instance) {
    const key = parseReference(text)
    return key === undefined ? undefined : createRef(instance, key, text)
  },
  check: ({ token }) => (token === undefined ? ['op-token (OP_SERVICE_ACCOUNT_TOKEN) is not set'] : []),
  open: async (given, deps, instance) => (await import('./open.ts')).openOp(given, deps, instance),
})
