import { defineEnvFormat } from './define.ts'
import { quoteAsJson } from '../json-string.ts'

/** Format JSON: one object with a member for each variable. */
export const jsonFormat = defineEnvFormat({
  name: 'json',
  summary: 'one JSON object, by name',
  write(variables) {
    if (variables.size === 0) return '{}\n'
    const members = [...variables].map(([name, value]) => `  ${quoteAsJson(name)}: ${quoteAsJson(value)}`)
    return `{\n${members.join(',\n')}\n}\n`
  },
})
