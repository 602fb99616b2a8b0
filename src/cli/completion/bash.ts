import type { FlagWords } from '../../config/describe/flag-words.ts'
import type { CompletedCommand } from './commands.ts'

/**
 * Returns the script for `source <(locket completion bash)`. It needs only bash. If bash-completion is
 * loaded, it completes the command of `locket exec`.
 */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const paths = commands.flatMap((command) => [
    { path: command.name, ...command },
    ...command.actions.map((action) => ({ ...action, path: `${command.name} ${action.name}` })),
  ])
  const top = [...commands.map(({ name }) => name), '--help', '--version']
  const actions = commands.filter((command) => command.actions.length > 0)
  return `# bash completion of locket: source <(locket completion bash)
_locket_words() {
  case $1 in
    '') words='${top.join(' ')}' ;;
${paths.map(({ path, flags }) => `    '${path}') words='${offered(flags)}' ;;`).join('\n')}
    *) words= ;;
  esac
}

_locket_actions() {
  case $1 in
${actions.map((command) => `    ${command.name}) words='${command.actions.map(({ name }) => name).join(' ')}' ;;`).join('\n')}
    *) words= ;;
  esac
}

# Sets value to the kind of word that follows a flag: nothing, file, folder, any, or a list of choices.
_locket_value() {
  case "$1 $2" in
${paths.flatMap(({ path, flags }) => valueCases(path, flags)).join('\n')}
    *) value= ;;
  esac
}

_locket_operands() {
  case $1 in
${paths
  .filter(({ takes }) => takes !== 'nothing')
  .map(({ path, takes }) => `    '${path}') value=${takes} ;;`)
  .join('\n')}
    *) value= ;;
  esac
}

_locket_offer() {
  local IFS=$'\\n'
  case $1 in
    file | files) compopt -o filenames 2> /dev/null; COMPREPLY=($(compgen -f -- "$2")) ;;
    folder) compopt -o filenames 2> /dev/null; COMPREPLY=($(compgen -d -- "$2")) ;;
    any | '') ;;
    *) COMPREPLY=($(compgen -W "\${1// /$'\\n'}" -- "$2")) ;;
  esac
}

_locket() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' flag='' word words value index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ -n $flag ]]; then
      # bash splits --flag=value into three words.
      [[ $word == '=' ]] || flag=
    elif [[ $word == -- ]]; then
      _locket_operands "$path"
      _locket_rest "$value" $((index + 1))
      return
    elif [[ $word == -* ]]; then
      _locket_value "$path" "$word"
      [[ -z $value ]] || flag=$word
    elif [[ -z $path ]]; then
      path=$word
    else
      _locket_actions "$path"
      [[ " $words " != *" $word "* ]] || path+=" $word"
    fi
  done
  if [[ -n $flag ]]; then
    _locket_value "$path" "$flag"
    [[ $current != '=' ]] || current=
    _locket_offer "$value" "$current"
  elif [[ $current == -* || -z $path ]]; then
    _locket_words "$path"
    _locket_offer "$words" "$current"
  else
    _locket_actions "$path"
    _locket_operands "$path"
    [[ $value != command ]] || value=
    _locket_offer "\${words:-$value}" "$current"
  fi
}

# Completes the words after --: the command line of another program, or files.
_locket_rest() {
  if [[ $1 != command ]]; then
    _locket_offer "$1" "\${COMP_WORDS[COMP_CWORD]}"
  elif declare -F _command_offset > /dev/null; then
    _command_offset "$2"
  elif ((COMP_CWORD == $2)); then
    COMPREPLY=($(compgen -c -- "\${COMP_WORDS[COMP_CWORD]}"))
  else
    _locket_offer file "\${COMP_WORDS[COMP_CWORD]}"
  fi
}

complete -F _locket locket
`
}

function offered(flags: readonly FlagWords[]): string {
  return flags.map(({ names }) => names[0]).join(' ')
}

/** Returns the cases of a command: one for all flags that take the same values. */
function valueCases(path: string, flags: readonly FlagWords[]): string[] {
  const byValue = new Map<string, string[]>()
  for (const { names, value } of flags) {
    if (value === undefined) continue
    const text = typeof value === 'string' ? value : value.join(' ')
    byValue.set(text, [...(byValue.get(text) ?? []), ...names])
  }
  return [...byValue].map(
    ([value, names]) => `    ${names.map((name) => `'${path} ${name}'`).join(' | ')}) value='${value}' ;;`,
  )
}
