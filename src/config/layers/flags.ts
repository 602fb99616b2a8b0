import { parseArgs } from 'node:util'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { fieldKind, type Field } from '../../settings/field.ts'
import { adviceOn, type Given, type Layer } from './layers.ts'

/** The parts of a command line. */
interface ParsedFlags {
  readonly layer: Layer
  /** The arguments that are not flags, in their order. */
  readonly positionals: readonly string[]
}

/**
 * Parses `--flag value`, `--flag=value`, `--switch`, `--no-switch`, `--switch=false` and `-f value`. `--`
 * ends the flags. `command` is for messages: `secret set`. Throws `usage` for an unknown flag and for a flag
 * without its value.
 */
export function parseFlags(command: string, fields: readonly Field[], argv: readonly string[]): ParsedFlags {
  const flags = new Map(fields.flatMap((field) => flagsOf(field).map((flag) => [flag.name, flag])))
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(Array.from(flags.values(), ({ name, options }) => [name, options])),
    strict: false,
    tokens: true,
  })
  const layer = new Map<string, Given>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const flag = flags.get(token.name)
    if (flag === undefined || (flag.isOpposite && token.value !== undefined))
      throw unknownFlag(command, argv[token.index] ?? token.rawName, fields)
    const { field } = flag
    const origin = `flag --${flag.name}`
    const kind = fieldKind(field)
    if (kind === 'switch') {
      layer.set(field.name, { value: switchValue(flag, token.value), origin })
      continue
    }
    if (token.value === undefined) throw valueMissing(command, flag)
    const before = layer.get(field.name)?.value ?? []
    layer.set(field.name, { value: kind === 'list' ? [before, token.value].flat() : token.value, origin })
  }
  return { layer, positionals }
}

/**
 * Returns the flags, with their dashes, that hold a credential itself: other users of the machine see the
 * words of a command. A path in place of the credential is not one, nor is a public name.
 */
export function exposedFlags(flags: Layer, fields: readonly Field[]): string[] {
  return fields.flatMap(({ name, credential, isPublic }) => {
    const value = flags.get(name)?.value
    const isHidden = credential !== true || isPublic === true || typeof value !== 'string'
    return isHidden || value.startsWith('file:') ? [] : [`--${name}`]
  })
}

/** Returns the hint of a `usage` error that has no better one. */
export function helpOn(command: string): string {
  return `\`locket ${command} --help\` tells more`
}

/** Returns all flags of a field, without dashes and without `no-` flags: `secret`, `secrets`. */
export function flagNames(field: Field): readonly string[] {
  return [field.name, ...(field.aliases ?? [])]
}

/** One word after `--` that sets a field. */
interface Flag {
  /** Without dashes. */
  readonly name: string
  readonly field: Field
  /** `--no-watch`: sets a switch to false, and takes no value. */
  readonly isOpposite: boolean
  readonly options: { readonly type: 'boolean' | 'string'; readonly short?: string }
}

function flagsOf(field: Field): Flag[] {
  return flagNames(field).flatMap((name): Flag[] => {
    if (fieldKind(field) !== 'switch') {
      const short = name === field.name && field.short !== undefined ? { short: field.short } : {}
      return [{ name, field, isOpposite: false, options: { type: 'string', ...short } }]
    }
    const options = { type: 'boolean' } as const
    return [
      { name, field, isOpposite: false, options },
      { name: `no-${name}`, field, isOpposite: true, options },
    ]
  })
}

function switchValue({ name, isOpposite }: Flag, value = 'true'): string {
  if (isOpposite) return 'false'
  if (/^(true|yes|on|1)$/i.test(value)) return 'true'
  if (/^(false|no|off|0)$/i.test(value)) return 'false'
  throw new LocketError('usage', `flag --${name}: must be true or false`)
}

function valueMissing(command: string, { name, field, options }: Flag): LocketError {
  const short = options.short === undefined ? '' : `-${options.short}, `
  const flag = `${short}--${name} <${field.placeholder ?? 'VALUE'}>`
  return new LocketError('usage', `locket ${command}: option '${flag}' argument missing`, {
    hint: helpOn(command),
  })
}

function unknownFlag(command: string, argument: string, fields: readonly Field[]): LocketError {
  // Without the value, which may be a secret.
  const written = argument.split('=')[0] ?? argument
  const names = fields.flatMap(flagNames)
  const advice = adviceOn(written.replace(/^-+/, ''), names, (name) => `--${name}`)
  return new LocketError('usage', `locket ${command} has no flag ${written}`, {
    hint: advice === '' ? helpOn(command) : advice,
  })
}
