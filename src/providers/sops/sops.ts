import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { encodeReference, formatOptions } from '../lib/reference/options.ts'
import { parseSopsFile } from './refs.ts'
import { sopsSettings } from './settings.ts'

/** The provider `sops`: the keys of encrypted YAML, JSON, dotenv and INI files, by the program sops. */
export const sops = defineProvider({
  kind: 'sops',
  title: 'Files encrypted by SOPS',
  schemes: ['sops'],
  autoRefresh: { everyMs: 60_000 },
  example: 'sops://secrets.yaml?field=db.password',
  settings: sopsSettings,
  parse(text, instance) {
    const file = parseSopsFile(text)
    if (file === undefined) return undefined
    const { path, field: chosen, isAll = false } = file
    const shown = isAll ? '*' : chosen === undefined ? chosen : encodeReference(chosen)
    const key = `sops://${encodeReference(path)}${formatOptions([['field', shown]])}`
    return createRef(instance, key, text, { isAll })
  },
  check: () => [],
  open: async (given, deps, instance) => (await import('./open.ts')).openSops(given, deps, instance),
})
