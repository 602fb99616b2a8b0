import { LocketError } from '../../core/vocabulary/errors.ts'
import { unlessAborted } from '../../core/waiting/unless-aborted.ts'

/** Asks questions on a terminal. Disposing it restores the terminal. */
export interface Prompt extends Disposable {
  /**
   * Asks `question` and returns the typed line as UTF-8, which is not shown. The caller must wipe it. Rejects
   * with `aborted` on Ctrl-C, Ctrl-D or the signal, and with `usage` on another control key.
   */
  ask(question: string): Promise<Uint8Array>
  /**
   * Asks `question` and returns the typed line, which is shown. Rejects with `aborted` as `ask` does. Ignores
   * other control keys.
   */
  askShown(question: string): Promise<string>
}

const CTRL_C = 3
const CTRL_D = 4
const BACKSPACES = [8, 127]
const TAB = 9
const ENTERS = [10, 13]
const CTRL_U = 21
const ESCAPE = 27
const BRACKET = 91
const CAPITAL_O = 79
/** Removes the last character from the screen. */
const RUB_OUT = '\b \b'

/**
 * Turns off the echo of the terminal `stdin`. Questions and shown answers are written to `output`. The caller
 * must dispose it.
 */
export function openPrompt(
  stdin: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  signal: AbortSignal,
): Prompt {
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

  /** Skips the keys after ESC that a terminal sends for an arrow or a function key. */
  async function skipEscape(): Promise<void> {
    let byte = await nextByte()
    if (byte !== BRACKET && byte !== CAPITAL_O) return
    do byte = await nextByte()
    while (byte < 0x40)
  }

  async function readLine(isShown: boolean): Promise<Uint8Array> {
    const typed: number[] = []
    const echo = (text: string | Uint8Array) => void (isShown && output.write(text))
    try {
      for (;;) {
        const byte = await nextByte()
        if (ENTERS.includes(byte)) return Uint8Array.from(typed)
        if (byte === CTRL_C || byte === CTRL_D) throw givenUp()
        if (BACKSPACES.includes(byte)) {
          if (dropLastCharacter(typed)) echo(RUB_OUT)
        } else if (byte === CTRL_U) while (dropLastCharacter(typed)) echo(RUB_OUT)
        else if (byte >= 32 || (byte === TAB && !isShown)) {
          typed.push(byte)
          echo(Uint8Array.of(byte))
        } else if (!isShown) throw notTypable()
        else if (byte === ESCAPE) await skipEscape()
      }
    } finally {
      typed.fill(0)
      output.write('\n')
    }
  }

  return {
    async ask(question) {
      output.write(question)
      return await readLine(false)
    },
    async askShown(question) {
      output.write(question)
      return new TextDecoder().decode(await readLine(true))
    },
    [Symbol.dispose]() {
      pending.fill(0)
      stdin.setRawMode(false)
      stdin.pause()
      // A read that nobody waits for any more would keep the process alive.
      if (signal.aborted) stdin.destroy()
    },
  }
}

function isChunk(read: unknown): read is { value: Buffer } {
  return typeof read === 'object' && read !== null && 'value' in read && Buffer.isBuffer(read.value)
}

/**
 * Removes the bytes of the last UTF-8 character: its continuation bytes and its first byte. Returns false if
 * there is none.
 */
function dropLastCharacter(typed: number[]): boolean {
  let byte = typed.pop()
  if (byte === undefined) return false
  while (byte !== undefined && (byte & 0xc0) === 0x80) byte = typed.pop()
  return true
}

function givenUp(): LocketError {
  return new LocketError('aborted', 'cancelled, nothing was stored')
}

function notTypable(): LocketError {
  return new LocketError('usage', 'a control key cannot be part of a typed value', {
    hint: 'give such a value with --stdin or --file',
  })
}
