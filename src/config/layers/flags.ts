import { Command, Option } from 'commander'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { fieldKind, type Field } from '../../settings/field.ts'
import type { Given, Layer } from './layers.ts'
import { adviceOn } from './unknown-setting.ts'

export interface ParsedFlags {
  readonly layer: Layer
  readonly positionals: readonly string[]
}

/** `--flag value`, `--flag=value`, `--switch`, `--no-switch`, `--switch=false`. Throws `usage`; `--` ends the flags. */
export function parseFlags(command: string, fields: readonly Field[], argv: readonly string[]): ParsedFlags {
  const layer = new Map<string, Given>()
  const program = new Command(command)
    .helpOption(false)
    .exitOverride(fail)
    .configureOutput({ writeErr: silent })
  for (const field of fields) declare(program, field, layer)
  const { operands, unknown } = program.parseOptions(spellSwitches(fields, argv))
  const [stranger] = unknown
  if (stranger !== undefined) throw unknownFlag(command, stranger, fields)
  return { layer, positionals: operands }

  /** Commander speaks to standard error and exits; its only complaint left here is a flag without its value. */
  function fail(error: { readonly message: string }): never {
    throw new LocketError('usage', `locket ${command}: ${error.message.replace(/^error: /, '')}`, {
      hint: helpOn(command),
    })
  }
}

/** The hint when nothing nearer can be said. */
export function helpOn(command: string): string {
  return `\`locket ${command} --help\` tells more`
}

/** All names of a field, without dashes. */
export function flagNames(field: Field): readonly string[] {
  return [field.name, ...(field.aliases ?? [])]
}

function declare(program: Command, field: Field, layer: Map<string, Given>): void {
  const kind = fieldKind(field)
  for (const name of flagNames(field)) {
    const origin = `flag --${name}`
    if (kind === 'switch') {
      program
        .addOption(new Option(`--${name}`))
        .on(`option:${name}`, () => layer.set(field.name, { value: 'true', origin }))
      const opposite = `flag --no-${name}`
      program
        .addOption(new Option(`--no-${name}`))
        .on(`option:no-${name}`, () => layer.set(field.name, { value: 'false', origin: opposite }))
      continue
    }
    const short = name === field.name && field.short !== undefined ? `-${field.short}, ` : ''
    program
      .addOption(new Option(`${short}--${name} <${field.placeholder ?? 'VALUE'}>`))
      .on(`option:${name}`, (value: string) => {
        const before = layer.get(field.name)?.value ?? []
        layer.set(field.name, { value: kind === 'list' ? [before, value].flat() : value, origin })
      })
  }
}

/** Commander's switches take no value, and its optional values would swallow an argument: `--watch=false` becomes `--no-watch`. */
function spellSwitches(fields: readonly Field[], argv: readonly string[]): string[] {
  const switches = new Set(fields.filter((field) => fieldKind(field) === 'switch').flatMap(flagNames))
  const end = argv.indexOf('--')
  return argv.map((argument, index) => {
    const [, name = '', value = ''] = /^--([^=]+)=(.*)$/s.exec(argument) ?? []
    if (!switches.has(name) || (end !== -1 && index > end)) return argument
    if (/^(true|yes|on|1)$/i.test(value)) return `--${name}`
    if (/^(false|no|off|0)$/i.test(value)) return `--no-${name}`
    throw new LocketError('usage', `flag --${name}: must be true or false`)
  })
}

function unknownFlag(command: string, argument: string, fields: readonly Field[]): LocketError {
  const written = argument.split('=')[0] ?? argument
  const names = fields.flatMap(flagNames)
  const advice = adviceOn(written.replace(/^-+/, ''), names, (name) => `--${name}`)
  return new LocketError('usage', `locket ${command} has no flag ${written}`, {
    hint: advice === '' ? helpOn(command) : advice,
  })
}

function silent(): void {}
