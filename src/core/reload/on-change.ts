import { nameProblem } from '../plan/plan.ts'
import { isRealtime, NAMED_SIGNALS, type PassedSignal } from '../ports/signals.ts'
import { nearest } from '../text/nearest.ts'
import { splitWords } from '../text/words.ts'
import { LocketError } from '../vocabulary/errors.ts'

/** An action of the engine on a container that uses a volume with new content. */
export type EngineAction =
  | { readonly kind: 'signal'; readonly signal: PassedSignal }
  | { readonly kind: 'restart' }
  | { readonly kind: 'exec'; readonly command: readonly [program: string, ...args: string[]] }

/** The action when new content of a volume is in place. `touch`: the time of a file beside the secrets. */
export type OnChange = EngineAction | { readonly kind: 'touch'; readonly file: string }

/** The label of a container that replaces the action of its volumes. */
export const RELOAD_LABEL = 'locket.on-change'

const LONGEST_COMMAND = 4096
const FORMS = 'signal:SIGHUP, restart, exec:COMMAND, touch:FILE or off'

/** Parses the setting `on-change`. Throws `config`. */
export function parseOnChange(text: string): OnChange | 'off' {
  const [, word = '', rest] = /^([a-z]+)(?::(.*))?$/is.exec(text.trim()) ?? []
  const kind = word.toLowerCase()
  if (kind === 'off' && rest === undefined) return 'off'
  if (kind === 'restart' && rest === undefined) return { kind: 'restart' }
  if (kind === 'signal') return { kind, signal: parseSignal(rest ?? '') }
  if (kind === 'exec') return { kind, command: parseCommand(rest ?? '') }
  if (kind === 'touch') return { kind, file: parseFile(rest ?? '') }
  throw new LocketError('config', `must be ${FORMS}`)
}

/**
 * Parses the label of a container whose volume has the action `own`. A label acts on its own container alone,
 * and a command needs a volume whose author asked for commands: an image can bring labels with it. Throws
 * `config`.
 */
export function parseReloadLabel(text: string, own: EngineAction): EngineAction | 'off' {
  const wanted = parseOnChange(text)
  if (wanted === 'off') return 'off'
  if (wanted.kind === 'touch')
    throw new LocketError('config', 'a label cannot touch a file of the volume, which others use too')
  if (wanted.kind === 'exec' && own.kind !== 'exec')
    throw new LocketError('config', 'a label may run a command only where on-change of the volume does so')
  return wanted
}

/** Returns the action as a user writes it: `signal:SIGHUP`. */
export function actionText(action: OnChange): string {
  if (action.kind === 'signal') return `signal:${action.signal}`
  if (action.kind === 'exec') return `exec:${action.command.join(' ')}`
  return action.kind === 'touch' ? `touch:${action.file}` : action.kind
}

/** Reads the signal of `signal:SIGHUP`: `SIGHUP`, `hup` or `SIGRTMIN+3`. Throws `config`. */
export function parseSignal(text: string): PassedSignal {
  const name = `SIG${text.trim().toUpperCase().replace(/^SIG/, '')}` as PassedSignal
  const [, offset] = /^SIGRTMIN\+([0-9]{1,2})$/.exec(name) ?? []
  if (isRealtime(name) ? Number(offset) <= 30 : true) return name
  const near = nearest(name, NAMED_SIGNALS)
  const advice = near === undefined ? 'like signal:SIGHUP' : `did you mean signal:${near}?`
  throw new LocketError('config', `signal: needs a signal that a program can handle, ${advice}`)
}

function parseCommand(text: string): readonly [string, ...string[]] {
  if (text.length > LONGEST_COMMAND || text.includes('\0'))
    throw new LocketError('config', `exec: needs a command of at most ${LONGEST_COMMAND} characters`)
  const [program = '', ...args] = splitWords(text)
  if (program === '') throw new LocketError('config', 'exec: needs a command, like exec:nginx -s reload')
  return [program, ...args]
}

function parseFile(name: string): string {
  if (nameProblem(name) === undefined && !name.includes('/')) return name
  throw new LocketError('config', 'touch: needs the plain name of a file in the volume, like touch:.reload')
}

/** True when the file that `touch` writes would be one of these files of the volume, or a folder of one. */
export function touchesSecret(file: string, paths: readonly string[]): boolean {
  const touched = file.normalize('NFC')
  return paths.some((path) => path.normalize('NFC').split('/', 1)[0] === touched)
}
