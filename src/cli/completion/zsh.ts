import type { FlagWords } from '../../config/describe/flag-words.ts'
import type { CompletedCommand } from './commands.ts'

/**
 * Returns the script for `source <(locket completion zsh)`, which can also be a file `_locket` in a folder of
 * `fpath`.
 */
export function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef locket
# zsh completion of locket: source <(locket completion zsh), after compinit
_locket() {
  local curcontext=$curcontext state line
  # This array is not called commands, because that is the table of all programs in zsh.
  local -a names
  typeset -A opt_args
  _arguments -C ${quoted('(- *)--help[show the commands]')} ${quoted('(- *)--version[show the version]')} \\
    '1:command:->command' '*::argument:->argument'
  case $state in
    command)
      names=(${commands.map(({ name, summary }) => quoted(`${name}:${escaped(summary)}`)).join(' ')})
      _describe command names
      ;;
    argument)
      case $words[1] in
${commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
}
${commands
  .filter(({ actions }) => actions.length > 0)
  .map(actionsFunction)
  .join('')}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then
  _locket "$@"
else
  compdef _locket locket
fi
`
}

function commandCase({ name, flags, takes, actions }: CompletedCommand): string {
  const call = actions.length > 0 ? `_locket_${name}` : argumentsCall(flags, takes, '          ')
  return `        ${name})\n          ${call}\n          ;;`
}

function actionsFunction({ name, flags, actions, runsAlone }: CompletedCommand): string {
  const words = actions.map((action) => action.name)
  const choice = `'1:command:(${words.join(' ')})'`
  const alone = `  if ((CURRENT == 2)) || [[ $words[2] != (${words.join('|')}) ]]; then
    ${argumentsCall(flags, 'nothing', '    ', [choice])}
    return
  fi
`
  const cases = actions.map(
    (action) =>
      `        ${action.name})\n          ${argumentsCall(action.flags, action.takes, '          ')}\n          ;;`,
  )
  return `
_locket_${name}() {
  local curcontext=$curcontext state line
  typeset -A opt_args
${runsAlone === true ? alone : ''}  _arguments -C ${choice} '*::argument:->argument'
  case $state in
    argument)
      case $words[1] in
${cases.join('\n')}
      esac
      ;;
  esac
}
`
}

function argumentsCall(
  flags: readonly FlagWords[],
  takes: CompletedCommand['takes'],
  indent: string,
  more: readonly string[] = [],
): string {
  const operands = {
    nothing: [],
    files: ["'*:file:_files'"],
    command: ["'(-)1:command: _command_names -e'", "'*::argument: _normal'"],
  }
  const specs = [...flags.flatMap(flagSpecs), ...operands[takes], ...more]
  return ['_arguments -S', ...specs].join(` \\\n${indent}  `)
}

/** Returns one spec for each name of a flag, because zsh treats each name as a flag of its own. */
function flagSpecs({ names, summary, isList, value, placeholder }: FlagWords): string[] {
  return names.map((name) => {
    const once = isList ? '*' : ''
    const text = `[${escaped(summary)}]`
    if (value === undefined) return quoted(`${once}${name}${text}`)
    const equals = name.startsWith('--') ? '=' : '+'
    return quoted(`${once}${name}${equals}${text}:${escaped(placeholder)}:${action(value)}`)
  })
}

function action(value: NonNullable<FlagWords['value']>): string {
  if (value === 'file') return '_files'
  if (value === 'folder') return '_files -/'
  return value === 'any' ? ' ' : `(${typeof value === 'string' ? value : value.join(' ')})`
}

/** Escapes brackets and colons, which have a meaning for `_arguments` and `_describe`. */
function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, String.raw`\$&`)
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
