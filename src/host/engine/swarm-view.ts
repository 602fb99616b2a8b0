import * as z from 'zod'
import type { Clock } from '../../core/ports/clock.ts'
import type { InstalledPlugin, SwarmView } from '../../core/volume/swarm/swarm-view.ts'
import { isLocketError } from '../../core/vocabulary/errors.ts'
import { openReader } from './reader.ts'
import { openSwarmEngine } from './swarm-engine.ts'
import { isSamePlugin, managerHere } from './swarm-node.ts'

// Answers of the engine's API, as versions 1.41 and 1.51 have them.

const Node = z.object({
  ID: z.string(),
  Description: z.object({
    Hostname: z.string().nullish(),
    Engine: z
      .object({ Plugins: z.array(z.object({ Type: z.string(), Name: z.string() })).nullish() })
      .nullish(),
  }),
  ManagerStatus: z.object({ Leader: z.boolean().nullish(), Reachability: z.string().nullish() }).nullish(),
})

const Plugin = z.object({
  Enabled: z.boolean(),
  Config: z.object({
    Interface: z.object({ Types: z.array(z.string()).nullish() }),
    rootfs: z.object({ diff_ids: z.array(z.string()).nullish() }).nullish(),
  }),
  Settings: z.object({
    Env: z.array(z.string()).nullish(),
    Mounts: z.array(z.object({ Name: z.string().nullish(), Source: z.string().nullish() })).nullish(),
  }),
})

const MANAGERS = `/nodes?filters=${encodeURIComponent(JSON.stringify({ role: ['manager'] }))}`

/** Returns the client that reads a manager's API at a socket, and changes nothing. */
export function openSwarmView(socket: string, clock: Clock): SwarmView {
  const { get } = openReader(socket, clock)
  const engine = openSwarmEngine(socket, clock)
  return {
    secrets: (driver, signal) => engine.secrets(driver, signal),

    async managers(driver, signal) {
      const here = await managerHere(get, signal)
      const nodes = await get(MANAGERS, z.array(Node), signal)
      return nodes.map(({ ID, Description, ManagerStatus }) => ({
        id: ID,
        name: Description.Hostname || ID,
        isHere: ID === here,
        leads: ManagerStatus?.Leader === true,
        isReachable: ManagerStatus?.Reachability === 'reachable',
        hasDriver: (Description.Engine?.Plugins ?? []).some(
          ({ Type, Name }) => Type.toLowerCase() === 'secretprovider' && isSamePlugin(Name, driver),
        ),
      }))
    },

    async plugin(name, signal) {
      try {
        return pluginOf(await get(`/plugins/${encodeURIComponent(name)}/json`, Plugin, signal))
      } catch (thrown) {
        if (isLocketError(thrown) && thrown.code === 'not_found') return undefined
        throw thrown
      }
    },
  }
}

function pluginOf({ Enabled, Config, Settings }: z.output<typeof Plugin>): InstalledPlugin {
  return {
    isEnabled: Enabled,
    types: Config.Interface.Types ?? [],
    layers: Config.rootfs?.diff_ids ?? [],
    variables: new Map(
      (Settings.Env ?? []).map((pair) => {
        const [name = '', ...value] = pair.split('=')
        return [name, value.join('=')]
      }),
    ),
    mounts: new Map((Settings.Mounts ?? []).map(({ Name, Source }) => [Name ?? '', Source ?? ''])),
  }
}
