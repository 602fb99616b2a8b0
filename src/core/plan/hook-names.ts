import { isRuling } from './field-names.ts'

/** Capital first: the lower-case ones are settings of shells, such as `path` of zsh and `fish_trace`. */
const NAME = /^[A-Z][A-Za-z0-9_]*$/

/** Variables that a shell gives a meaning, beside those of `isRuling`. */
const OF_SHELLS: ReadonlySet<string> = new Set(
  `ARGC ARGV0 BASH BASHPID BAUD CDPATH CMD_DURATION COLUMNS COPROC DIRSTACK DIRSTACKSIZE EGID
  EPOCHREALTIME EPOCHSECONDS ERRNO EUID EXECIGNORE FCEDIT FIGNORE FPATH FUNCNAME FUNCNEST GID GLOBIGNORE GROUPS
  HOSTFILE HOSTNAME HOSTTYPE IGNOREEOF INPUTRC KEYTIMEOUT LINENO LINES LISTMAX LOGCHECK
  MACHTYPE MAILCHECK MAILPATH MANPATH MAPFILE MODULE_PATH NULLCMD OLDPWD OPTARG OPTERR OPTIND
  OSTYPE PIPESTATUS POSIXLY_CORRECT POSTEDIT PPID PROMPT PROMPT2 PROMPT3 PROMPT4 PROMPT_DIRTRIM PROMPT_EOL_MARK
  PSVAR PWD RANDOM READNULLCMD REPLY REPORTMEMORY REPORTTIME RPROMPT RPROMPT2 SAVEHIST SECONDS SHLVL SPROMPT
  SRANDOM STTY TERM TERMCAP TERMINFO TERMINFO_DIRS TIMEFMT TIMEFORMAT TMOUT TRY_BLOCK_ERROR TRY_BLOCK_INTERRUPT TTYIDLE UID USER
  USERNAME WATCH WATCHFMT WORDCHARS XTRACEFD`.split(/\s+/),
)
const FAMILY = /^(?:BASH_|COMP_|COMPREPLY|FISH_|HIST|LC_|PS[0-9]|READLINE_|RPS[0-9]|XDG_|ZLE_|ZSH)/

/**
 * Returns why the hook of a shell does not set a variable, as the end of a sentence that begins with its
 * name; undefined when it may. The shell lives on with such a variable, and so does everything that is
 * started from it.
 */
export function hookNameProblem(name: string): string | undefined {
  if (isRuling(name)) return 'changes how programs find or run code, and a hook does not set it'
  if (OF_SHELLS.has(name) || FAMILY.test(name)) return 'has a meaning for shells, and a hook does not set it'
  return NAME.test(name)
    ? undefined
    : 'is not set by a hook: its name needs a capital letter first, then letters, digits and _'
}
