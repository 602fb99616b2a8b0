import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { formatBwsReference, parseBwsReference } from './refs.ts'
import { bwsSettings } from './settings.ts'

/** The provider `bws`: Bitwarden Secrets Manager. */
export const bws = defineProvider({
  kind: 'bws',
  title: 'Bitwarden Secrets Manager',
  schemes: ['bws'],
  autoRefresh: { everyMs: 300_000 },
  example: 'bws://3832b656-a93b-45ad-bdfa-b267016802c3',
  settings: bwsSettings,
  parse(text, instance) {
    const reference = parseBwsReference(text)
    return reference === undefined ? undefined : createRef(instance, formatBwsReference(reference), text)
  },
  check({ token, client, caCert }) {
    const lines: string[] = []
    if (token === undefined) lines.push('bws-token (BWS_MACHINE_TOKEN) is not set')
    if (client === 'sdk' && caCert !== undefined)
      lines.push('bws-client sdk does not support bws-ca-cert: leave one of the two out')
    return lines
  },
  open: async (given, deps, instance) => (await import('./open.ts')).openBws(given, deps, instance),
})
