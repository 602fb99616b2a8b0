import { defineEnvFormat, linesOf } from './define.ts'
import { quoteAsJson } from '../text/json-string.ts'

/** Names are quoted too: YAML 1.1 takes a bare NO or ON for a boolean. */
export const yamlFormat = defineEnvFormat({
  name: 'yaml',
  summary: 'one YAML mapping, by name',
  write: (variables) =>
    variables.size === 0
      ? '{}\n'
      : linesOf(variables, (name, value) => `${quoteAsJson(name)}: ${quoteAsJson(value)}`),
})
