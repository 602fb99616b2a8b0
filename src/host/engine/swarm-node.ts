import * as z from 'zod'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { EngineReader } from './reader.ts'

const Info = z.object({
  Swarm: z.object({ NodeID: z.string(), ControlAvailable: z.boolean() }),
})

/** True when this node is a manager of a Swarm. */
export async function isManager(get: EngineReader['get'], signal: AbortSignal): Promise<boolean> {
  return (await get('/info', Info, signal)).Swarm.ControlAvailable
}

/** Returns the ID of this node. Rejects with `config` when it is not a manager of a Swarm. */
export async function managerHere(get: EngineReader['get'], signal: AbortSignal): Promise<string> {
  const { Swarm } = await get('/info', Info, signal)
  if (Swarm.ControlAvailable) return Swarm.NodeID
  throw new LocketError('config', 'this node is not a manager of a Swarm', {
    hint: 'run the command on a manager, with the socket of its engine',
  })
}

/** True when both are names of one plugin, with or without `:latest`. */
export function isSamePlugin(name: string | null | undefined, other: string): boolean {
  return name?.replace(/:latest$/, '') === other.replace(/:latest$/, '')
}
