import { fishWord, posixWord } from '../../core/text/shell-words.ts'
import { BASH_HOOK } from './bash.ts'
import { FISH_HOOK } from './fish.ts'
import { ZSH_HOOK } from './zsh.ts'

/** A shell that locket has a hook for. */
interface HookedShell {
  /** The script that installs the hook. */
  readonly script: string
  readonly word: (text: string) => string
  /** Returns the code that keeps the state of a folder in the shell. */
  readonly keep: (state: string) => string
}

const keepPosix = (state: string) => `__locket_seen=${state}`

/** All of them, by name. */
export const HOOKED_SHELLS: ReadonlyMap<string, HookedShell> = new Map([
  ['bash', { script: BASH_HOOK, word: posixWord, keep: keepPosix }],
  ['zsh', { script: ZSH_HOOK, word: posixWord, keep: keepPosix }],
  ['fish', { script: FISH_HOOK, word: fishWord, keep: (state) => `set -g __locket_seen '${state}'` }],
])

/**
 * Returns the code with which a shell takes back the variables of the folder before, and sets these. The
 * functions that it calls are those of the script.
 */
export function hookCode(
  { word, keep }: HookedShell,
  state: string,
  variables: ReadonlyMap<string, string> = new Map(),
): string {
  const lines = Array.from(variables, ([name, value]) => `__locket_set ${name} ${word(value)}\n`)
  return `__locket_leave\n${keep(state)}\n${lines.join('')}`
}
