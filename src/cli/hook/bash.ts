/** The script for `eval "$(locket hook bash)"`. It needs bash 4.4. */
export const BASH_HOOK = `# The hook of locket for bash. In ~/.bashrc: eval "$(locket hook bash)"
[[ $(type -t __locket_leave) != function ]] || __locket_leave
declare -g __locket_seen= __locket_folder=
declare -ga __locket_names=()
declare -gA __locket_before=() __locket_kind=()

__locket_set() {
  local described IFS=' '
  if [[ -v $1 ]]; then
    described=$(declare -p "$1")
    described=\${described#declare -}
    __locket_before[$1]=\${!1}
    __locket_kind[$1]=\${described%% *}
  fi
  __locket_names+=("$1")
  export "$1=$2"
  export LOCKET_HOOK="\${__locket_names[*]}"
}

__locket_leave() {
  local __locket_name -
  set +xv
  for __locket_name in "\${__locket_names[@]}"; do
    unset -v "$__locket_name"
    case \${__locket_kind[$__locket_name]-} in
      '') ;;
      *x*) export "$__locket_name=\${__locket_before[$__locket_name]}" ;;
      *) printf -v "$__locket_name" %s "\${__locket_before[$__locket_name]}" ;;
    esac
  done
  __locket_names=() __locket_before=() __locket_kind=()
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
  __locket_folder=$PWD
  local code
  code=$(command locket hook bash --variables --seen "$__locket_seen") || true
  eval "$code"
  return "$status"
}

case ";\${PROMPT_COMMAND[*]-};" in
  *__locket_hook*) ;;
  *) PROMPT_COMMAND="__locket_hook\${PROMPT_COMMAND:+;$PROMPT_COMMAND}" ;;
esac
`
