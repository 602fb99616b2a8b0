import { readFileSync } from 'node:fs'
import { formatPlace } from '../../core/broker/place.ts'
import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { parseLocketReference } from './reference.ts'
import { locketSettings } from './settings.ts'

/** The provider `locket`: secrets that a broker (`locket serve`) gives to this machine. */
export const locket = defineProvider({
  kind: 'locket',
  aliases: ['broker'],
  title: 'A broker, `locket serve`',
  schemes: ['locket'],
  autoRefresh: { everyMs: 60_000 },
  lists: true,
  example: 'locket://shop/db-password',
  settings: locketSettings,
  // The private key is beside the identity.
  ownFiles: ({ identity }) => [identity.replace(/\/[^/]*$/, '')],
  parse(text, instance) {
    const place = parseLocketReference(text)
    if (place === undefined) return undefined
    return createRef(instance, formatPlace(place), text, { isAll: place.isAll === true })
  },
  place: ({ identity }) => brokerOf(identity),
  check: () => [],
  open: async (given, deps, instance) => (await import('./open.ts')).openLocket(given, deps, instance),
})

/** Returns the broker and the machine that an identity file names, or a text that no identity file gives. */
function brokerOf(path: string): string {
  try {
    const { apiUrl, serverKey, machineId } = Object(JSON.parse(readFileSync(path, 'utf8')))
    return JSON.stringify([apiUrl, serverKey, machineId])
  } catch {
    // The provider reports what is wrong when it reads the file.
    return 'no identity'
  }
}
