import { LocketError } from '../../core/vocabulary/errors.ts'
import { unlessAborted } from '../../core/waiting/unless-aborted.ts'

/** A terminal that does not show what is typed. Disposing it restores the terminal. */
interface HiddenPrompt extends Disposable {
  /**
   * Asks `question` and returns the typed line as UTF-8. The caller must wipe it. Rejects with `aborted` on
   * Ctrl-C, Ctrl-D or the signal.
   */
  ask(question: string): Promise<Uint8Array>
}

const CTRL_C = 3
const CTRL_D = 4
const BACKSPACES = [8, 127]
const TAB = 9
const ENTERS = [10, 13]
const CTRL_U = 21

/**
 * Turns off the echo of the terminal `stdin`. Questions are written to `output`. The caller must dispose it.
 */
export function openHiddenPrompt(
  stdin: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  signal: AbortSignal,
): HiddenPrompt {
  const chunks = stdin.iterator({ destroyOnReturn: false })
  // The bytes of a chunk that are not read yet. Two lines that are pasted at once answer two questions.
  let pending: Buffer = Buffer.alloc(0)
  stdin.setRawMode(true)

  async function nextByte(): Promise<number> {
    while (pending.length === 0) {
      const read: unknown = await unlessAborted(() => chunks.next(), signal, givenUp)
      if (!isChunk(read)) throw givenUp()
      pending = read.value
    }
    const byte = pending[0] ?? 0
    pending[0] = 0
    pending = pending.subarray(1)
    return byte
  }

  return {
    async ask(question) {
      output.write(question)
      const typed: number[] = []
      try {
        for (;;) {
          const byte = await nextByte()
          if (ENTERS.includes(byte)) return Uint8Array.from(typed)
          if (byte === CTRL_C || byte === CTRL_D) throw givenUp()
          if (BACKSPACES.includes(byte)) dropLastCharacter(typed)
          else if (byte === CTRL_U) typed.length = 0
          else if (byte >= 32 || byte === TAB) typed.push(byte)
          else throw notTypable()
        }
      } finally {
        typed.fill(0)
        output.write('\n')
      }
    },
    [Symbol.dispose]() {
      pending.fill(0)
      stdin.setRawMode(false)
      stdin.pause()
    },
  }
}

function isChunk(read: unknown): read is { value: Buffer } {
  return typeof read === 'object' && read !== null && 'value' in read && Buffer.isBuffer(read.value)
}

/** Removes the bytes of the last UTF-8 character: its continuation bytes and its first byte. */
function dropLastCharacter(typed: number[]): void {
  let byte = typed.pop()
  while (byte !== undefined && (byte & 0xc0) === 0x80) byte = typed.pop()
}

function givenUp(): LocketError {
  return new LocketError('aborted', 'cancelled, nothing was stored')
}

function notTypable(): LocketError {
  return new LocketError('usage', 'a control key cannot be part of a typed value', {
    hint: 'give such a value with --stdin or --file',
  })
}
