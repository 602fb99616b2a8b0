import type { Clock } from '../../core/ports/clock.ts'
import { derived } from '../../core/keys/derive.ts'
import { holdFolder, type HoldOptions } from '../daemon/hold-folder.ts'
import { openSwarmEngine } from './swarm-engine.ts'
import { openHostKey } from '../state/host-key.ts'
import { openRotationFile } from '../state/rotation-file.ts'

/** Where the state of rotations is, and the socket of the engine. */
interface RotationPlaces {
  readonly dir: string
  readonly socket: string
}

/**
 * Opens the engine, the state and the key of the fingerprints, which the caller wipes. It locks the folder
 * for the life of this process: two rotations would redeploy everything twice.
 */
export async function openRotation(
  { dir, socket }: RotationPlaces,
  clock: Clock,
  options: Pick<HoldOptions, 'signal' | 'onWait'>,
) {
  await holdFolder(dir, { clock, ...options })
  const key = derived(await openHostKey(dir)(), 'locket swarm rotate 1: fingerprints', 32)
  return { engine: openSwarmEngine(socket, clock), store: openRotationFile(dir), key }
}

export { openEngineVolumes } from './engine-volumes.ts'
export { openSwarmView } from './swarm-view.ts'
export { openHostView } from './host-view.ts'
