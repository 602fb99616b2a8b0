import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { formatPassEntry, parsePassEntry } from './refs.ts'
import { passSettings } from './settings.ts'

/** The provider `pass`: the standard password store, by its program. */
export const pass = defineProvider({
  kind: 'pass',
  title: 'The standard password store',
  schemes: ['pass'],
  autoRefresh: { everyMs: 60_000 },
  example: 'pass://servers/database',
  settings: passSettings,
  parse(text, instance) {
    const entry = parsePassEntry(text)
    return entry && createRef(instance, formatPassEntry(entry), text, { isAll: entry.isAll === true })
  },
  check: () => [],
  ownFiles: () => ['/root/.gnupg'],
  open: async (given, deps, instance) => (await import('./open.ts')).openPass(given, deps, instance),
})
