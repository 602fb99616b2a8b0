import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { formatKeepassxcEntry, parseKeepassxcEntry } from './refs.ts'
import { keepassxcSettings } from './settings.ts'

/** The provider `keepassxc`: a database of KeePassXC, by its program. */
export const keepassxc = defineProvider({
  kind: 'keepassxc',
  title: 'KeePassXC',
  schemes: ['keepassxc'],
  autoRefresh: { everyMs: 60_000 },
  example: 'keepassxc://Servers/Database',
  settings: keepassxcSettings,
  parse(text, instance) {
    const entry = parseKeepassxcEntry(text)
    return entry && createRef(instance, formatKeepassxcEntry(entry), text, { isAll: entry.isAll === true })
  },
  check: ({ database }) =>
    database === undefined ? ['keepassxc-database (KEEPASSXC_DATABASE) is not set'] : [],
  open: async (given, deps, instance) => (await import('./open.ts')).openKeepassxc(given, deps, instance),
})
