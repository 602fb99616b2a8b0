import { defineEnvFormat, linesOf } from './define.ts'

/**
 * Format of `.env` files, for Compose and for locket. Programs with other rules are named by `misreaders`.
 */
export const dotenvFormat = defineEnvFormat({
  name: 'dotenv',
  summary: 'a .env file, for Compose and for locket itself',
  misreaders: (value) => [
    ...(isEscaped(value) ? [NODE] : []),
    ...(isEscaped(value) && /[\\"$]/.test(value) ? [NPM] : []),
    ...(isForPythonAnother(value) ? [PYTHON] : []),
  ],
  write: (variables) => linesOf(variables, (name, value) => `${name}=${dotenvValue(value)}`),
})

const PLAIN = /^[A-Za-z0-9_./:@%+,-]+$/
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', $: '\\$', '\r': '\\r' }

// In "…" Node (26, src/node_dotenv.cc) knows only the escape \n, npm's dotenv (16.4, lib/main.js) also \r.
const NODE = 'node --env-file'
const NPM = 'dotenv of npm'
const PYTHON = 'python-dotenv'

/** True when `dotenvValue` writes the value in "…" with escapes, which some programs do not know. */
function isEscaped(value: string): boolean {
  return isInDoubleQuotes(value) && /[\\"$\r]/.test(value)
}

/**
 * True when python-dotenv (1.2.2, variables.py and parser.py) reads another value. It expands ${NAME} in all
 * quotes, and two backslashes in '…' are one. In "…" it does not know the escape \$, and \\" at the end is a
 * quote within the value, so that the value goes on in the next line.
 */
function isForPythonAnother(value: string): boolean {
  if (/\$\{[^}:]*(?::-[^}]*)?\}/.test(value)) return true
  return isInDoubleQuotes(value) ? /\$|\\$/.test(value) : value.includes('\\\\')
}

/** True when the value cannot be in '…': Compose reads a quote after a backslash as a part of the value. */
function isInDoubleQuotes(value: string): boolean {
  return /['\r]|\\$/.test(value)
}

/**
 * Returns the value in the form that most programs read alike: plain if possible, else in '…', else in "…".
 * Escapes are used only where they are needed, because some programs do not know them.
 */
function dotenvValue(value: string): string {
  if (PLAIN.test(value)) return value
  if (!isInDoubleQuotes(value)) return `'${value}'`
  return `"${value.replace(/[\\"$\r]/g, (character) => ESCAPES[character] ?? character)}"`
}
