import { constants } from 'node:os'
import { loadLibc } from '../libc.ts'

/**
 * Milliseconds before koffi is loaded, which takes some 16 ms. A program that ends earlier does not wait for
 * it.
 */
const PAUSE_MS = 100

/**
 * Lets this process receive SIGUSR1 from 100 ms on. `node --disable-sigusr1` blocks the signal, so that no
 * listener in JavaScript is called; the kernel keeps a signal that is sent meanwhile. The caller must listen
 * to SIGUSR1 until disposal: without a listener the signal ends the process.
 */
export function receiveSigusr1(): Disposable {
  let isWanted = true
  const timer = setTimeout(() => void unblock(() => isWanted), PAUSE_MS).unref()
  return {
    [Symbol.dispose]() {
      isWanted = false
      clearTimeout(timer)
    },
  }
}

async function unblock(isWanted: () => boolean): Promise<void> {
  try {
    const libc = await loadLibc()
    if (isWanted()) libc.unblockSignal(constants.signals.SIGUSR1)
  } catch {
    // Without koffi's native part every signal but this one works.
  }
}
