import { defineEnvFormat, linesOf } from './define.ts'

export const shellFormat = defineEnvFormat({
  name: 'shell',
  summary: 'export commands for a POSIX shell: eval "$(locket export --format shell …)"',
  write: (variables) =>
    linesOf(variables, (name, value) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`),
})
