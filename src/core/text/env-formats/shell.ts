import { posixWord } from '../shell-words.ts'
import { defineEnvFormat, linesOf } from './define.ts'

/** A name as POSIX defines it (3.231). A shell cannot assign a variable with any other name. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Format of a POSIX shell: `export` commands with values in single quotes. */
export const shellFormat = defineEnvFormat({
  name: 'shell',
  summary: 'export commands for a POSIX shell: eval "$(locket export --format shell …)"',
  obstacle: (name) => (NAME.test(name) ? undefined : 'a name with a dot or a dash'),
  write: (variables) => linesOf(variables, (name, value) => `export ${name}=${posixWord(value)}`),
})
