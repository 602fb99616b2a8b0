import { NO_STATE } from './no-state.ts'

/** Returns the lines of a function of bash or zsh that ask for the variables of the folder and take them. */
export const askFolder = (shell: 'bash' | 'zsh'): string => `  __locket_folder=$PWD
  local code failed= seen=$__locket_seen
  # The program gets the environment from outside of the folder.
  code=$(__locket_leave; command locket hook ${shell} --variables --seen "$__locket_seen") || failed=1
  eval "$code"
  if [[ -n $failed && -n $seen && $seen == "$__locket_seen" ]]; then
    __locket_leave
    __locket_seen=${NO_STATE}
  fi`
