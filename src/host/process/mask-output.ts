import type { Readable, Writable } from 'node:stream'
import type { Redactor } from '../../core/text/redact.ts'

/** How long after the end of a program its output may pause while something that it has left behind holds it open. */
const QUIET_MS = 100

export interface MaskedOutput {
  /** Called when the program has ended: resolves when what it printed has been passed on. */
  finish(): Promise<void>
}

/** Passes on what a program prints, without what is secret. As slow as its reader, and closed when that one has gone. */
export function maskOutput(from: Readable, to: Writable, redactor: Redactor): MaskedOutput {
  const closed = new Promise<void>((resolve) => from.once('close', resolve))
  let hasMoved = false
  from.on('data', (chunk: Uint8Array) => {
    hasMoved = true
    const shown = redactor.push(chunk)
    if (shown.byteLength === 0 || to.write(shown)) return
    from.pause()
    to.once('drain', () => from.resume())
  })
  const giveUp = () => from.destroy()
  // One stays: what is written last may fail later than that.
  if (!to.listeners('error').includes(ignore)) to.on('error', ignore)
  to.once('error', giveUp)

  /** A background process may hold the output open for ever. */
  async function quiet(): Promise<void> {
    do {
      hasMoved = false
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS).unref())
    } while (hasMoved || from.isPaused())
  }

  return {
    async finish() {
      await Promise.race([closed, quiet()])
      from.destroy()
      to.off('error', giveUp)
      const rest = redactor.flush()
      if (rest.byteLength > 0 && to.writable) await new Promise((resolve) => to.write(rest, resolve))
    },
  }
}

/** Whoever read it has gone; the program is told by its own pipe. */
function ignore(): void {}
