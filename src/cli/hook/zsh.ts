import { askFolder } from './ask-folder.ts'

/** The script for `eval "$(locket hook zsh)"`. */
export const ZSH_HOOK = `# The hook of locket for zsh. In ~/.zshrc: eval "$(locket hook zsh)"
zmodload zsh/parameter
(( ! \${+functions[__locket_leave]} )) || __locket_leave
typeset -g __locket_seen= __locket_folder=
typeset -ga __locket_names=()
typeset -gA __locket_before=()

__locket_set() {
  emulate -L zsh
  if (( \${+parameters[$1]} )); then
    __locket_before[$1]=$(typeset -p -- "$1")
  fi
  # An integer would calculate its value.
  unset "$1"
  __locket_names+=("$1")
  typeset -gx -- "$1=$2"
  typeset -gx LOCKET_HOOK="$__locket_names"
}

__locket_leave() {
  emulate -L zsh
  unsetopt xtrace verbose
  local __locket_name
  for __locket_name in "\${__locket_names[@]}"; do
    unset "$__locket_name"
    eval "\${__locket_before[$__locket_name]-}"
  done
  __locket_names=() __locket_before=()
  unset LOCKET_HOOK
}

# A shell inside of a hooked one begins without the variables of the folder, and asks for them again.
__locket_begin() {
  emulate -L zsh
  local name
  for name in \${(s: :)LOCKET_HOOK-}; do
    [[ ! $name =~ '^[A-Z][A-Za-z0-9_]*$' ]] || unset "$name"
  done
  unset LOCKET_HOOK
  typeset -ga precmd_functions chpwd_functions
  (( \${precmd_functions[(Ie)__locket_hook]} )) || precmd_functions=(__locket_hook "\${precmd_functions[@]}")
  (( \${chpwd_functions[(Ie)__locket_hook]} )) || chpwd_functions=(__locket_hook "\${chpwd_functions[@]}")
}

__locket_hook() {
  emulate -L zsh
  # Traces would show the values.
  unsetopt xtrace verbose
  (( ! ZSH_SUBSHELL )) || return 0
  if [[ $PWD == "$__locket_folder" && -z $__locket_seen &&
    ! -e locket.toml && ! -e .locket.toml && ! -e .keyzero.toml ]]; then
    return 0
  fi
${askFolder('zsh')}
}

__locket_begin
`
