import type { Command } from '../../src/cli/define.ts'
import { COMMANDS } from '../../src/cli/index.ts'
import { defaultText, flagText } from '../../src/config/describe/describe.ts'
import { ERROR_KINDS } from '../../src/core/vocabulary/errors.ts'
import type { Field, Section } from '../../src/settings/field.ts'

/** The commands by their names, with their declarations. */
type Loaded = readonly { readonly name: string; readonly summary: string; readonly command: Command }[]

/** Returns locket(1), with the macros of man(7). The first command that takes a setting shows it. */
export function manPage(loaded: Loaded): string {
  const seen = new Set<Field>()
  return `${[
    '.\\" Generated from the declarations of the settings by `make docs`.',
    '.TH LOCKET 1 "" locket "User Commands"',
    '.SH NAME',
    'locket \\- secrets for containers, on time and gone when done',
    '.SH SYNOPSIS',
    '.B locket',
    '.I COMMAND',
    '.RI [ FLAGS ]',
    '.br',
    '.B locket help',
    '.I COMMAND',
    '.SH DESCRIPTION',
    ...text(
      'locket brings secrets of a secret manager into containers and programs: as files of a Docker volume, as variables of a command, or as rendered templates.',
    ),
    '.SH COMMANDS',
    ...loaded.flatMap((entry) => commandLines(entry, seen)),
    '.SH EXIT STATUS',
    ...exitLines(),
    '.SH FILES',
    ...FILES.flatMap(([path, meaning]) => tagged(`\\fI${escaped(path)}\\fR`, meaning)),
    '.SH EXAMPLES',
    '.EX',
    ...loaded.map(({ command }) => guarded(escaped(command.example))),
    '.EE',
    '.SH SEE ALSO',
    '.BR docker (1),',
    '.BR systemctl (1)',
  ].join('\n')}\n`
}

const FILES = [
  ['/etc/locket/locket.toml', 'the settings of the daemon and of the broker'],
  ['/etc/locket/secrets.age', 'the embedded store of root'],
  ['/var/lib/locket', 'the state of the daemon and its mounts'],
  ['/run/docker/plugins/locket.sock', 'the socket that the Docker Engine calls'],
] as const

export async function loadCommands(): Promise<Loaded> {
  return await Promise.all(
    COMMANDS.map(async ({ name, summary, load }) => ({ name, summary, command: (await load()).command })),
  )
}

function commandLines({ name, summary, command }: Loaded[number], seen: Set<Field>): readonly string[] {
  const sections = [...command.sections, ...(command.more ?? [])]
  const own = sections.map((section) => ownLines(section, seen))
  const others = sections.filter((_, index) => own[index]?.length === 0).map(({ title }) => title)
  return [
    `.SS ${escaped(name)}`,
    ...text(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`),
    '.PP',
    '.EX',
    ...command.usage.map((line) => guarded(escaped(line.trim()))),
    '.EE',
    ...own.flat(),
    ...(others.length === 0 ? [] : ['.PP', ...text(`See above for: ${[...new Set(others)].join(', ')}.`)]),
  ]
}

/** The settings of a section that no command before has shown. */
function ownLines({ title, fields }: Section, seen: Set<Field>): readonly string[] {
  const fresh = Object.values(fields).filter((field) => !seen.has(field))
  for (const field of fresh) seen.add(field)
  if (fresh.length === 0) return []
  return ['.PP', `.B ${guarded(escaped(title))}`, ...fresh.flatMap(fieldLines)]
}

function fieldLines(field: Field): readonly string[] {
  const shown = defaultText(field)
  const variable = field.env === undefined ? [] : [`Variable: ${field.env}.`]
  const standard = shown === '' ? [] : [`Default: ${shown}.`]
  return tagged(
    `\\fB${escaped(flagText(field))}\\fR`,
    [`${field.summary}.`, ...variable, ...standard].join(' '),
  )
}

function exitLines(): readonly string[] {
  const kinds = Object.values(ERROR_KINDS).toSorted((a, b) => a.exit - b.exit)
  return [{ exit: 0, meaning: 'success' }, ...kinds].flatMap(({ exit, meaning }) =>
    tagged(String(exit), meaning),
  )
}

function tagged(tag: string, meaning: string): readonly string[] {
  return ['.TP', guarded(tag), ...text(meaning)]
}

/** A paragraph: each sentence is a line, as roff expects it. */
function text(sentence: string): readonly string[] {
  return escaped(sentence)
    .replaceAll(/([.;]) (?=[A-Z])/g, '$1\n')
    .split('\n')
    .map(guarded)
}

function escaped(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('…', '...')
}

/** A line that begins with a dot would be a macro. */
function guarded(line: string): string {
  return line.startsWith('.') || line.startsWith("'") ? `\\&${line}` : line
}
