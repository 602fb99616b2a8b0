import type { Clock } from '../../core/ports/clock.ts'
import type { Engine } from '../../core/ports/engine.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import type { Audit } from './audit.ts'

/** Milliseconds that a mount waits for the engine's answer, which only an audit line needs. */
const ANSWER_MS = 1000

/** The machine, as this question needs it. */
interface StartingPorts {
  readonly audit: Pick<Audit, 'namesContainers'>
  readonly clock: Clock
  readonly openEngine: () => Promise<Engine>
}

/**
 * Resolves with the ID of the container for which the engine mounts the volume now. A Mount does not name it:
 * it is the only container with the volume that does not run. Undefined: there are none or several, no line
 * needs it, or the engine cannot be asked or does not answer within a second. Never rejects.
 */
export async function startingContainer(
  ports: StartingPorts,
  volume: VolumeName,
): Promise<string | undefined> {
  const { audit, clock, openEngine } = ports
  if (!audit.namesContainers) return undefined
  const over = new AbortController()
  const ended = new AbortController()
  const limit = clock.sleep(ANSWER_MS, ended.signal).then(
    () => over.abort(new LocketError('timeout', 'the engine does not say which container starts')),
    () => undefined,
  )
  try {
    const engine = await openEngine()
    if ((await engine.fault()) !== undefined) return undefined
    const [only, ...others] = await engine.startingWith(volume, over.signal)
    return others.length === 0 ? only : undefined
  } catch {
    return undefined
  } finally {
    ended.abort()
    await limit
  }
}
