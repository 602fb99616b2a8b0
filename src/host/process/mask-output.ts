import type { Readable, Writable } from 'node:stream'
import type { Redactor } from '../../core/text/redact.ts'

/**
 * Milliseconds without output, after the end of a program, until reading ends: a process that the program
 * left behind may keep its output open.
 */
const QUIET_MS = 100

/** The masked output of one program. */
export interface MaskedOutput {
  /** Call it when the program has ended. Resolves when all output has been passed on. */
  finish(): Promise<void>
}

/**
 * Passes a program's output on with its secrets masked. The program waits for a slow reader, and its output
 * is closed when the reader has gone.
 */
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
  // One listener stays after `finish`, because the last write may fail later.
  if (!to.listeners('error').includes(ignore)) to.on('error', ignore)
  to.once('error', giveUp)

  /** Resolves when no output has come for a while: a background process may hold the output open for ever. */
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

/** Ignores that the reader has gone. The program notices it by its own pipe. */
function ignore(): void {}
