import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createReloads, type Change } from '../../../src/app/reload/reloads.ts'
import { parseOnChange } from '../../../src/core/reload/on-change.ts'
import { parseVolumeName } from '../../../src/core/vocabulary/names.ts'
import { openEngine } from '../../../src/host/engine/engine.ts'
import { createManualClock } from '../../fakes/manual-clock.ts'
import { createRecordingLog } from '../../fakes/recording-log.ts'
import { fakeEngine, type FakeContainer } from '../../fixtures/servers/engine.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** Less than the limit of any request. */
const STEP_MS = 2000

/** Reloads with an engine on a socket of their own, and a clock that the test moves. */
export async function openReloads(
  t: TestContext,
  containers: readonly FakeContainer[],
  { isGiven = true }: { readonly isGiven?: boolean } = {},
) {
  const socketPath = join(await temporaryFolder(t), 'docker.sock')
  const engine = await fakeEngine(socketPath, [...containers])
  t.after(() => engine[Symbol.asyncDispose]())
  const clock = createManualClock()
  engine.now = () => clock.now()
  const log = createRecordingLog()
  const stop = new AbortController()
  t.after(() => stop.abort(new Error('the test is over')))
  const client = openEngine({ socket: isGiven ? socketPath : undefined, isManaged: false, clock })
  const reloads = createReloads({
    clock,
    emit: log.emit,
    openEngine: async () => client,
    stopping: stop.signal,
  })
  const settledChanges: Change['volume'][] = []
  const open = new Map<string, number>()

  return {
    engine,
    clock,
    log,
    reloads: { troublesOf: (volume: string) => reloads.troublesOf(parseVolumeName(volume)) },
    events: () => log.lines.map(({ event }) => event).filter((event) => event.startsWith('reload.')),
    stop: () => stop.abort(new Error('the daemon stops')),
    pass: (ms: number) => clock.advance(ms),
    /** New content of the volume is in place now. */
    change: (name: string, onChange: string): void => {
      const volume = parseVolumeName(name)
      const wanted = parseOnChange(onChange)
      if (wanted === 'off') throw new Error('off changes nothing')
      open.set(name, settledChanges.filter((other) => other === volume).length + 1)
      reloads.changed({
        volume,
        onChange: wanted,
        at: clock.now(),
        touch: async () => undefined,
        settled: () => settledChanges.push(volume),
      })
    },
    /** Moves the clock until the last change of each volume is settled. */
    settled: async (...names: string[]): Promise<void> => {
      const isSettled = (name: string) =>
        settledChanges.filter((other) => other === name).length >= (open.get(name) ?? 0)
      const end = performance.now() + 20_000
      while (!names.every(isSettled)) {
        if (performance.now() > end) throw new Error(`${names.join()} is not settled`)
        // No request may be late because the clock runs ahead of it.
        if (engine.openSockets === 0) await clock.advance(STEP_MS)
        await sleep(2)
      }
    },
  }
}
