import { defineEnvFormat, linesOf } from './define.ts'

/** A name in POSIX (3.231): no shell can assign another one. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

export const shellFormat = defineEnvFormat({
  name: 'shell',
  summary: 'export commands for a POSIX shell: eval "$(locket export --format shell …)"',
  obstacle: (name) => (NAME.test(name) ? undefined : 'a name with a dot or a dash'),
  write: (variables) =>
    linesOf(variables, (name, value) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`),
})
