import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Env } from '../layers/env.ts'

/** Matches the inside of `${…}`: the name, the operator (`:-`, `-`, `:+`, `+`, `:?`, `?`), and its text. */
const BODY = /^([_a-z][_a-z0-9]*)(?:(:?)([-+?])([^\n]*))?$/i
const NAME = /[_a-z][_a-z0-9]*/iy
const DEEPEST = 50

/**
 * Fills in the variables of `text` as Compose 2.40 does: `$NAME`, `${NAME}`, the forms with a default (which
 * may hold variables itself), and `$$` for a dollar. A default ends where Compose ends it (see
 * `endOfBraces`). Calls `unset` for each variable that is not set and has no default. Throws `config`; its
 * message repeats only the text after `:?`.
 */
export function fillIn(text: string, env: Env, unset: (name: string) => void, depth = 0): string {
  if (depth > DEEPEST) throw wrong('has variables nested too deeply')
  let filled = ''
  let at = 0
  for (let dollar = text.indexOf('$'); dollar !== -1; dollar = text.indexOf('$', at)) {
    filled += text.slice(at, dollar)
    const next = text[dollar + 1]
    const name = nameAt(text, dollar + 1)
    if (next === '{') {
      const end = endOfBraces(text, dollar + 1)
      filled += valueOf(text.slice(dollar + 2, end), env, unset, depth)
      at = end + 1
    } else if (name === undefined) {
      filled += '$'
      at = dollar + (next === '$' ? 2 : 1)
    } else {
      filled += plain(name, env, unset)
      at = dollar + 1 + name.length
    }
  }
  return filled + text.slice(at)
}

function nameAt(text: string, at: number): string | undefined {
  NAME.lastIndex = at
  return NAME.exec(text)?.[0]
}

/**
 * Returns the index of the brace that closes the one at `open`, on its line. Compose counts `{{` as one
 * brace, and takes the last `}` when the count is wrong.
 */
function endOfBraces(text: string, open: number): number {
  const lineEnd = text.indexOf('\n', open)
  const last = text.lastIndexOf('}', lineEnd === -1 ? undefined : lineEnd)
  if (last <= open) throw wrong('has ${ without }')
  let depth = 0
  for (let at = open; at < last; at += 1) {
    if (text[at] === '{') {
      depth += 1
      at += 1
    } else if (text[at] === '}') {
      depth -= 1
      if (depth === 0) return at
    }
  }
  return last
}

function valueOf(body: string, env: Env, unset: (name: string) => void, depth: number): string {
  const [, name, orEmpty, operator, argument = ''] = BODY.exec(body) ?? []
  if (name === undefined) throw wrong('has braces after $ that hold no variable')
  if (operator === undefined) return plain(name, env, unset)
  // Compose also fills in an argument that it does not use, and warns about unset variables in it.
  const other = fillIn(argument, env, unset, depth + 1)
  const value = env[name]
  const isThere = value !== undefined && (orEmpty === '' || value !== '')
  if (operator === '+') return isThere ? other : ''
  if (isThere) return value
  if (operator === '-') return other
  throw new LocketError('config', `needs the variable ${name}${argument === '' ? '' : `: ${argument}`}`)
}

function plain(name: string, env: Env, unset: (name: string) => void): string {
  const value = env[name]
  if (value === undefined) unset(name)
  return value ?? ''
}

function wrong(problem: string): LocketError {
  return new LocketError('config', problem, { hint: 'write a $ that belongs to the text as $$' })
}
