import type { SwarmEngine, SwarmSecret, SwarmService } from '../../src/core/volume/swarm/swarm-engine.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'

/** A Swarm in memory. Tests change its lists while it is used. */
export interface MemorySwarm extends SwarmEngine {
  readonly held: { secrets: SwarmSecret[]; services: SwarmService[]; isLeader: boolean; isManager: boolean }
  /** The state in which the next updates end. */
  endsAs: string
  /** Is called after a service was redeployed. It may throw: the rotation then dies there. */
  onRedeploy: () => void
  /** Names of the services that were redeployed, in order. */
  readonly redeployed: readonly string[]
}

/** A service with the label for rotations. */
export function rotatedService(
  name: string,
  secretIds: readonly string[],
  more: Partial<SwarmService> = {},
): SwarmService {
  const labels = { 'locket.rotate': 'redeploy' }
  return { id: name, name, labels, secretIds, forceUpdate: 0, startsFirst: true, update: undefined, ...more }
}

export function createMemorySwarm(): MemorySwarm {
  const redeployed: string[] = []
  const swarm: MemorySwarm = {
    held: { secrets: [], services: [], isLeader: true, isManager: true },
    endsAs: 'completed',
    onRedeploy: () => undefined,
    redeployed,
    async leads() {
      if (!swarm.held.isManager) throw new LocketError('config', 'this node is not a manager of a Swarm')
      return swarm.held.isLeader
    },
    secrets: async () => swarm.held.secrets,
    services: async () => swarm.held.services,
    async service(id) {
      const found = swarm.held.services.find((one) => one.id === id)
      if (found === undefined) throw new LocketError('not_found', 'no such service')
      return found
    },
    async redeploy(id, forceUpdate) {
      const service = await swarm.service(id, new AbortController().signal)
      if (service.forceUpdate >= forceUpdate) return
      redeployed.push(service.name)
      const update = { state: swarm.endsAs, startedAt: `update ${redeployed.length}`, message: '' }
      const changed = { ...service, forceUpdate, update }
      swarm.held.services = swarm.held.services.map((one) => (one.id === id ? changed : one))
      swarm.onRedeploy()
    },
  }
  return swarm
}
