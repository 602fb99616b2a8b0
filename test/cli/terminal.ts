import { spawn } from 'node:child_process'
import type { TestContext } from 'node:test'
import { until } from '../../scripts/engine/until.ts'

/** A program on a pseudo terminal of its own. */
export interface Terminal {
  /** All that it has shown so far. */
  readonly screen: () => string
  /** Waits until `pattern` is in the output since the last match. */
  readonly shows: (pattern: RegExp) => Promise<void>
  readonly type: (text: string) => void
  /**
   * Types again and again until `pattern` shows: a shell that gives the terminal away loses what is typed
   * meanwhile.
   */
  readonly insists: (text: string, pattern: RegExp) => Promise<void>
  /** The exit code, once it has ended. */
  readonly ended: Promise<number | null>
}

/** Runs a shell's line. `script` makes the terminal; it has 24 lines of 80 columns. */
export function openTerminal(
  t: TestContext,
  line: string,
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Terminal {
  const sized = `stty rows 24 columns 80; exec ${line}`
  const child = spawn('script', ['-qefc', sized, '/dev/null'], {
    cwd: options.cwd,
    env: { TERM: 'xterm', PS1: 'prompt> ', ...options.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  let screen = ''
  let seen = 0
  const type = (text: string) => void child.stdin.write(text)
  const find = (pattern: RegExp, timeoutMs: number): Promise<boolean> => {
    const isShown = () => {
      const match = pattern.exec(screen.slice(seen))
      if (match !== null) seen += match.index + match[0].length
      return match !== null
    }
    return until(String(pattern), isShown, { timeoutMs }).catch(() => false)
  }
  child.stdin.on('error', () => undefined)
  child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text))
  return {
    screen: () => screen,
    async shows(pattern) {
      if (await find(pattern, 15_000)) return
      throw new Error(`${pattern} is not on the screen: ${JSON.stringify(screen.slice(seen))}`)
    },
    async insists(text, pattern) {
      for (let tries = 0; tries < 40; tries += 1) {
        type(text)
        if (await find(pattern, 400)) return
      }
      throw new Error(`${pattern} is not on the screen: ${JSON.stringify(screen.slice(seen))}`)
    },
    type,
    ended: new Promise((resolve) => child.once('close', resolve)),
  }
}
