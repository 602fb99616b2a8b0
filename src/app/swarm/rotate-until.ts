import { formatError, isLocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { RotatePorts } from './redeploy.ts'
import { rotateOnce } from './rotate.ts'

/**
 * Rotates every `intervalMs` until the signal aborts, while this manager leads. A failure is reported once,
 * and tried again. Rejects with `config` when this node is not a manager.
 */
export async function rotateUntil(ports: RotatePorts, intervalMs: number): Promise<void> {
  const { engine, clock, emit, signal } = ports
  let isLeading: boolean | undefined
  let fault: string | undefined
  while (!signal.aborted) {
    try {
      const leads = await engine.leads(signal)
      if (!leads && isLeading !== false) emit('swarm.follower')
      isLeading = leads
      if (leads) await rotateOnce(ports, false)
      fault = undefined
    } catch (thrown) {
      if (signal.aborted) return
      if (isLocketError(thrown) && thrown.code === 'config') throw thrown
      const error = formatError(toLocketError(thrown))
      if (error !== fault) emit('swarm.rotate-failed', { error })
      fault = error
    }
    await clock.sleep(intervalMs, signal).catch(() => undefined)
  }
}
