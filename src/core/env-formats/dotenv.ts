import { defineEnvFormat, linesOf } from './define.ts'

export const dotenvFormat = defineEnvFormat({
  name: 'dotenv',
  summary: 'a .env file, for Compose and for locket itself',
  misreaders(value) {
    if (!isEscaped(value)) return []
    // npm's dotenv (16.4, lib/main.js) knows \n and \r in "…", and no other escape. Node (26, src/node_dotenv.cc) knows \n.
    return /[\\"$]/.test(value) ? [NODE, NPM] : [NODE]
  },
  write: (variables) => linesOf(variables, (name, value) => `${name}=${dotenvValue(value)}`),
})

const PLAIN = /^[A-Za-z0-9_./:@%+,-]+$/
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', $: '\\$', '\r': '\\r' }

const NODE = 'node --env-file'
const NPM = 'dotenv of npm'

/** Written in "…" with escapes, which not all readers know. */
function isEscaped(value: string): boolean {
  return /['\r]|\\$/.test(value) && /[\\"$\r]/.test(value)
}

/** The form that most readers agree on: plain, then '…', then "…", and only if need be with the escapes that not all of them know. */
function dotenvValue(value: string): string {
  if (PLAIN.test(value)) return value
  // Compose takes a quote behind a backslash for a part of the value.
  if (!/['\r]|\\$/.test(value)) return `'${value}'`
  return `"${value.replace(/[\\"$\r]/g, (character) => ESCAPES[character] ?? character)}"`
}
