import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { POD_TOKEN, methodProblems } from './method.ts'
import { formatBaoReference, mappedBaoReference, parseBaoReference, secretOfKey } from './refs.ts'
import type { KvVersion } from './refs.ts'
import { settings } from './settings.ts'
import type { BaoSettings } from './settings.ts'

/** The provider `bao`: OpenBao and HashiCorp Vault, which speak the same protocol. */
export const bao = defineProvider({
  kind: 'bao',
  aliases: ['vault'],
  title: 'OpenBao and HashiCorp Vault',
  schemes: ['bao', 'vault'],
  autoRefresh: { everyMs: 60_000 },
  example: 'bao://secret/database/password',
  settings,
  parse(text, instance, { kvVersion }) {
    const reference = parseBaoReference(text, KV[kvVersion])
    if (reference === undefined) return undefined
    const { isAll = false } = reference
    return createRef(instance, formatBaoReference(reference), text, { isAll })
  },
  mapped: mappedBaoReference,
  leaseGroup: ({ key }) => secretOfKey(key),
  check: methodProblems,
  ownFiles: () => [POD_TOKEN],
  open: async (given, deps, instance) => (await import('./open.ts')).openBao(given, deps, instance),
})

const KV: Readonly<Record<BaoSettings['kvVersion'], KvVersion | undefined>> = {
  auto: undefined,
  '1': 1,
  '2': 2,
}
