import type { FlagWords } from '../../config/describe/flag-words.ts'
import type { CompletedCommand } from './commands.ts'

/** Returns the script for `locket completion fish | source`. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  return `# fish completion of locket: locket completion fish | source
# True: the words so far name exactly these commands first, and there is no -- yet.
function __locket_at
    set -l words (commandline -opc)
    set -e words[1]
    contains -- -- $words; and return 1
    set words (string match -v -- '-*' $words)
    test (count $words) -ge (count $argv); or return 1
    test (count $argv) -gt 0; or test (count $words) -eq 0; or return 1
    for index in (seq (count $argv))
        test $words[$index] = $argv[$index]; or return 1
    end
end

function __locket_only_at
    __locket_at $argv; and test (count (string match -v -- '-*' (commandline -opc))) -eq (math 1 + (count $argv))
end

function __locket_after_dashes
    set -l words (commandline -opc)
    test "$words[2]" = $argv[1]; and contains -- -- $words
end

function __locket_command
    set -l words (commandline -opc) (commandline -ct)
    set -l dashes (contains -i -- -- $words)
    complete -C (string join ' ' -- (string escape -- $words[(math $dashes + 1)..]))
end

complete -c locket -f
complete -c locket -n __locket_at -s h -l help -d 'show the commands'
complete -c locket -n __locket_at -s V -l version -d 'show the version'
${commands.map(({ name, summary }) => `complete -c locket -n __locket_at -a ${name} -d ${quoted(summary)}`).join('\n')}
${commands.flatMap(linesOf).join('\n')}
`
}

function linesOf({ name, flags, takes, actions, runsAlone }: CompletedCommand): string[] {
  if (actions.length === 0)
    return [...flags.map((flag) => flagLine(name, flag)), ...operandLines(name, takes)]
  const isAlone = [name, ...actions.map((action) => `and not __locket_at ${name} ${action.name}`)].join('; ')
  return [
    ...(runsAlone === true ? flags.map((flag) => flagLine(isAlone, flag)) : []),
    ...actions.map((action) => `complete -c locket -n '__locket_only_at ${name}' -a ${action.name}`),
    ...actions.flatMap((action) => [
      ...action.flags.map((flag) => flagLine(`${name} ${action.name}`, flag)),
      ...operandLines(`${name} ${action.name}`, action.takes),
    ]),
  ]
}

function flagLine(path: string, { names, summary, value }: FlagWords): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
  return [
    `complete -c locket -n '__locket_at ${path}'`,
    ...flags,
    ...(value === undefined ? [] : [argument(value)]),
    `-d ${quoted(summary)}`,
  ].join(' ')
}

function argument(value: NonNullable<FlagWords['value']>): string {
  if (value === 'file') return '-rF'
  if (value === 'folder') return "-xa '(__fish_complete_directories)'"
  return value === 'any' ? '-x' : `-xa '${typeof value === 'string' ? value : value.join(' ')}'`
}

function operandLines(path: string, takes: CompletedCommand['takes']): string[] {
  if (takes === 'files') return [`complete -c locket -n '__locket_at ${path}' -F`]
  return takes === 'command'
    ? [`complete -c locket -n '__locket_after_dashes ${path}' -xa '(__locket_command)'`]
    : []
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, String.raw`\$&`)}'`
}
