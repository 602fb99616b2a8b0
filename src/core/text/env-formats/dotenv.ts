import { defineEnvFormat, linesOf } from './define.ts'

/**
 * Format of `.env` files, for Compose and for locket. Programs with other rules are named by `misreaders`.
 */
export const dotenvFormat = defineEnvFormat({
  name: 'dotenv',
  summary: 'a .env file, for Compose and for locket itself',
  misreaders(value) {
    if (!isEscaped(value)) return []
    // In "…" npm's dotenv (16.4, lib/main.js) knows only the escapes \n and \r, and Node (26,
    // src/node_dotenv.cc) only \n.
    return /[\\"$]/.test(value) ? [NODE, NPM] : [NODE]
  },
  write: (variables) => linesOf(variables, (name, value) => `${name}=${dotenvValue(value)}`),
})

const PLAIN = /^[A-Za-z0-9_./:@%+,-]+$/
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', $: '\\$', '\r': '\\r' }

const NODE = 'node --env-file'
const NPM = 'dotenv of npm'

/** True when `dotenvValue` writes the value in "…" with escapes, which some programs do not know. */
function isEscaped(value: string): boolean {
  return /['\r]|\\$/.test(value) && /[\\"$\r]/.test(value)
}

/**
 * Returns the value in the form that most programs read alike: plain if possible, else in '…', else in "…".
 * Escapes are used only where they are needed, because some programs do not know them.
 */
function dotenvValue(value: string): string {
  if (PLAIN.test(value)) return value
  // Compose reads a quote after a backslash as a part of the value.
  if (!/['\r]|\\$/.test(value)) return `'${value}'`
  return `"${value.replace(/[\\"$\r]/g, (character) => ESCAPES[character] ?? character)}"`
}
