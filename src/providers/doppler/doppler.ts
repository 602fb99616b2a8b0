import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { formatDopplerSecret, parseDopplerSecret } from './refs.ts'
import { dopplerSettings } from './settings.ts'

/** The provider `doppler`: the secrets of a config of Doppler. */
export const doppler = defineProvider({
  kind: 'doppler',
  title: 'Doppler',
  schemes: ['doppler'],
  autoRefresh: { everyMs: 60_000 },
  example: 'doppler://DB_PASSWORD',
  settings: dopplerSettings,
  parse(text, instance, { project, config }) {
    const reference = parseDopplerSecret(text, { project, config })
    if (reference === undefined) return undefined
    const { isAll = false } = reference
    return createRef(instance, formatDopplerSecret(reference), text, { isAll })
  },
  check: ({ token }) => (token === undefined ? ['doppler-token (DOPPLER_TOKEN) is not set'] : []),
  open: async (given, deps, instance) => (await import('./open.ts')).openDoppler(given, deps, instance),
})
