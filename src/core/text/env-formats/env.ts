import { defineEnvFormat, linesOf } from './define.ts'

/** Format of the program `env`: plain NAME=VALUE lines without quotes. */
export const envFormat = defineEnvFormat({
  name: 'env',
  summary: 'NAME=VALUE lines without any quoting, as the program env prints them',
  obstacle: (_, value) => (value.includes('\n') ? 'a line break' : undefined),
  write: (variables) => linesOf(variables, (name, value) => `${name}=${value}`),
})
