import { LocketError } from '../../core/vocabulary/errors.ts'
import { unlessAborted } from '../../core/waiting/unless-aborted.ts'

/** A terminal that shows nothing of what is typed. Disposing gives the terminal back as it was. */
interface HiddenPrompt extends Disposable {
  /** The line typed after `question`, as UTF-8; the caller wipes it. `aborted` on Ctrl-C, Ctrl-D or the signal. */
  ask(question: string): Promise<Uint8Array>
}

const CTRL_C = 3
const CTRL_D = 4
const BACKSPACES = [8, 127]
const TAB = 9
const ENTERS = [10, 13]
const CTRL_U = 21

export function openHiddenPrompt(
  stdin: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  signal: AbortSignal,
): HiddenPrompt {
  const chunks = stdin.iterator({ destroyOnReturn: false })
  // Two lines that were pasted at once answer two questions.
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

/** The bytes of one UTF-8 character: those that go on, and the one that starts it. */
function dropLastCharacter(typed: number[]): void {
  let byte = typed.pop()
  while (byte !== undefined && (byte & 0xc0) === 0x80) byte = typed.pop()
}

function givenUp(): LocketError {
  return new LocketError('aborted', 'given up, nothing was stored')
}

function notTypable(): LocketError {
  return new LocketError('usage', 'a control key cannot be part of a typed value', {
    hint: 'give such a value with --stdin or --file',
  })
}
