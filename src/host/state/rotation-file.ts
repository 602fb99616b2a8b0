import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { writePrivateFile } from '../files/own-files.ts'

const NAME = 'rotation.json'
const VERSION = 1

const Prints = z.record(z.string(), z.string())
const Service = z.object({
  prints: Prints,
  pending: z
    .object({ prints: Prints, since: z.number(), forceUpdate: z.number().exactOptional() })
    .exactOptional(),
  backOff: z.object({ until: z.number(), failures: z.number() }).exactOptional(),
})
const Content = z.object({ version: z.literal(VERSION), services: z.record(z.string(), Service) })

/** The services of the file, by their IDs. */
type Services = z.output<typeof Content>['services']

/** Returns the functions that read and replace the state of rotations in the folder `dir`. */
export function openRotationFile(dir: string) {
  const path = join(dir, NAME)
  return {
    async load(): Promise<Services> {
      try {
        const parsed = Content.safeParse(JSON.parse(await readFile(path, 'utf8')))
        if (parsed.success) return parsed.data.services
      } catch (thrown) {
        if (errnoOf(thrown) === 'ENOENT') return {}
        if (errnoOf(thrown) !== undefined) throw thrown
      }
      throw new LocketError('state_corrupt', `${path} cannot be read`, {
        hint: 'remove it: the next run notes the values as they are then',
      })
    },
    save: (services: Readonly<Record<string, unknown>>) =>
      writePrivateFile(path, new TextEncoder().encode(JSON.stringify({ version: VERSION, services }))),
  }
}
