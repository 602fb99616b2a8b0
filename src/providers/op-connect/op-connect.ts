import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { formatOpReference, parseOpReference } from '../lib/reference/op-reference.ts'
import { connectSettings } from './settings.ts'

/** The provider `op-connect`: a 1Password Connect server. */
export const opConnect = defineProvider({
  kind: 'op-connect',
  title: '1Password Connect',
  schemes: ['op'],
  autoRefresh: { everyMs: 60_000 },
  example: 'op://Servers/Database/password',
  settings: connectSettings,
  parse(text, instance) {
    const reference = parseOpReference(text)
    if (reference === undefined) return undefined
    const { isAll = false } = reference
    return createRef(instance, formatOpReference(reference), text, { isAll })
  },
  check({ host, token }) {
    const lines: string[] = []
    if (host === undefined) lines.push('connect-host (OP_CONNECT_HOST) is not set')
    if (token === undefined) lines.push('connect-token (OP_CONNECT_TOKEN) is not set')
    return lines
  },
  open: async (given, deps, instance) => (await import('./open.ts')).openConnect(given, deps, instance),
})
