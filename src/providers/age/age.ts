import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { encodeReference, formatOptions } from '../lib/reference/options.ts'
import { parseAgeFile } from './refs.ts'
import { ageSettings } from './settings.ts'

/** The provider `age`: each file is one value. */
export const age = defineProvider({
  kind: 'age',
  title: 'Files encrypted by age',
  schemes: ['age'],
  autoRefresh: { everyMs: 30_000 },
  example: 'age://db-password.age',
  settings: ageSettings,
  parse(text, instance) {
    const file = parseAgeFile(text)
    if (file === undefined) return undefined
    const { path, field: chosen, isAll = false } = file
    const shown = isAll ? '*' : chosen === undefined ? chosen : encodeReference(chosen)
    const key = `age://${encodeReference(path)}${formatOptions([['field', shown]])}`
    return createRef(instance, key, text, { isAll })
  },
  check: () => [],
  open: async (given, deps, instance) => (await import('./open.ts')).openAge(given, deps, instance),
  isLocal: true,
})
