import * as z from 'zod'
import type { Clock } from '../../core/ports/clock.ts'
import type { EngineVolumes } from '../../core/ports/engine-volumes.ts'
import { isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import { openReader } from './reader.ts'
import { isManager, isSamePlugin } from './swarm-node.ts'

// Answers of the engine's API, as versions 1.41 and 1.51 have them.

const Labels = z.record(z.string(), z.string()).nullish()

const Volume = z.object({ Name: z.string(), Driver: z.string(), Labels })

const Volumes = z.object({ Volumes: z.array(Volume).nullish() })

const Containers = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()).nullish(),
    Mounts: z.array(z.object({ Type: z.string().nullish(), Name: z.string().nullish() })).nullish(),
  }),
)

const Mount = z.object({
  Source: z.string().nullish(),
  VolumeOptions: z.object({ DriverConfig: z.object({ Name: z.string().nullish() }).nullish() }).nullish(),
})

const Services = z.array(
  z.object({
    Spec: z.object({
      Name: z.string(),
      TaskTemplate: z.object({ ContainerSpec: z.object({ Mounts: z.array(Mount).nullish() }).nullish() }),
    }),
  }),
)

/** Returns the client of the volumes of the engine at a socket. */
export function openEngineVolumes(socket: string, clock: Clock): EngineVolumes {
  const { ask, get } = openReader(socket, clock)
  return {
    async volumes(driver, signal) {
      const { Volumes: all } = await get('/volumes', Volumes, signal)
      return (all ?? [])
        .filter(({ Driver }) => isSamePlugin(Driver, driver))
        .map(({ Name, Labels: labels }) => ({ name: Name, labels: labels ?? {} }))
    },

    async users(signal) {
      const all = await get('/containers/json?all=1', Containers, signal)
      return new Map(
        all.flatMap(({ Id, Names, Mounts }) =>
          (Mounts ?? []).flatMap(({ Name }) =>
            Name ? [[Name, Names?.[0]?.replace(/^\//, '') ?? Id.slice(0, 12)] as const] : [],
          ),
        ),
      )
    },

    async services(driver, signal) {
      if (!(await isManager(get, signal))) return undefined
      const all = await get('/services', Services, signal)
      return all.map(({ Spec }) => ({
        name: Spec.Name,
        volumes: (Spec.TaskTemplate.ContainerSpec?.Mounts ?? []).flatMap(({ Source, VolumeOptions }) => {
          // A mount of a volume that was made before may leave out the driver.
          const name = VolumeOptions?.DriverConfig?.Name
          return Source && (!name || isSamePlugin(name, driver)) ? [asPattern(Source)] : []
        }),
      }))
    },

    async remove(name, driver, signal) {
      const path = `/volumes/${encodeURIComponent(name)}`
      try {
        const { Driver } = await get(path, Volume, signal)
        if (!isSamePlugin(Driver, driver))
          throw new LocketError('denied', `it is a volume of the driver ${Driver} by now`)
        await ask({ method: 'DELETE', path }, signal)
      } catch (thrown) {
        if (!isLocketError(thrown) || thrown.code !== 'not_found') throw thrown
      }
    },
  }
}

/** Returns the pattern of the names that Swarm makes of a source: `app-{{.Task.Slot}}`. */
function asPattern(source: string): string {
  return source.replace(/\{\{.*?\}\}/g, '*')
}
