import { askFolder } from './ask-folder.ts'

/** The script for `eval "$(locket hook bash)"`. It needs bash 4.4. */
export const BASH_HOOK = `# The hook of locket for bash. In ~/.bashrc: eval "$(locket hook bash)"
[[ $(type -t __locket_leave) != function ]] || __locket_leave
declare -g __locket_seen= __locket_folder=
declare -ga __locket_names=()
declare -gA __locket_before=()

__locket_set() {
  local IFS=' ' __locket_text
  if __locket_text=$(declare -p "$1" 2>/dev/null); then
    __locket_before[$1]=\${__locket_text/#declare/declare -g}
  fi
  # An integer would calculate its value, and so run commands in it.
  unset -v "$1"
  __locket_names+=("$1")
  export "$1=$2"
  export LOCKET_HOOK="\${__locket_names[*]}"
}

__locket_leave() {
  local __locket_name -
  set +xv
  for __locket_name in "\${__locket_names[@]}"; do
    unset -v "$__locket_name"
    eval "\${__locket_before[$__locket_name]-}"
  done
  __locket_names=() __locket_before=()
  unset -v LOCKET_HOOK
}

# A shell inside of a hooked one begins without the variables of the folder, and asks for them again.
__locket_begin() {
  local name names
  IFS=' ' read -ra names <<<"\${LOCKET_HOOK-}"
  for name in "\${names[@]}"; do
    [[ ! $name =~ ^[A-Z][A-Za-z0-9_]*$ ]] || unset -v "$name"
  done
  unset -v LOCKET_HOOK
}
__locket_begin

__locket_hook() {
  local status=$? -
  # Traces would show the values.
  set +xv
  if [[ $PWD == "$__locket_folder" && -z $__locket_seen &&
    ! -e locket.toml && ! -e .locket.toml && ! -e .keyzero.toml ]]; then
    return "$status"
  fi
${askFolder('bash')}
  return "$status"
}

case ";\${PROMPT_COMMAND[*]-};" in
  *__locket_hook*) ;;
  *) PROMPT_COMMAND="__locket_hook\${PROMPT_COMMAND:+;$PROMPT_COMMAND}" ;;
esac
`
