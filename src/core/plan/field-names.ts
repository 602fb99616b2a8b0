import { shownField } from '../vocabulary/fields.ts'
import { variableNameProblem } from '../vocabulary/names.ts'
import { nameProblem } from './plan.ts'

/** The place in the name of a file or variable that a field's name takes. */
export const FIELD_PLACE = '*'

/** How a field's name becomes a variable's: as `upper` writes it, or unchanged. */
export type VariableStyle = 'upper' | 'keep'

/** The result for one field: its file or variable, or why it has none. */
export type PlacedField =
  | { readonly name: string }
  /** `hint`: the advice, when it is not to rename the field. */
  | { readonly problem: string; readonly hint?: string }

/** Returns the name with the field in the place of its `*`. */
function placeField(pattern: string, field: string): string {
  const at = pattern.indexOf(FIELD_PLACE)
  return `${pattern.slice(0, at)}${field}${pattern.slice(at + FIELD_PLACE.length)}`
}

/**
 * Returns the path of a field's file. The name of a field is one part of a path: it is used unchanged, or
 * refused. A problem is the end of a sentence that begins with the field.
 */
export function fileOfField(pattern: string, field: string): PlacedField {
  const name = placeField(pattern, field)
  const problem = field.includes('/')
    ? 'has a "/" in its name, which the name of a file cannot have'
    : field === '.' || field === '..' || field === ''
      ? 'has a name that a file cannot have'
      : nameProblem(name)
  return problem === undefined ? { name } : { problem }
}

/**
 * Returns the variable of a field. `upper` makes letters capital and writes `_` for every character but
 * letters, digits and `_` of ASCII. Refuses names that a variable cannot have; see also `isRuling`.
 */
export function variableOfField(pattern: string, field: string, style: VariableStyle): PlacedField {
  const mapped = style === 'keep' ? field : field.replace(/[^A-Za-z0-9_]/gu, '_').toUpperCase()
  const name = placeField(pattern, mapped)
  const wrong = field === '' ? 'has no name' : variableNameProblem(name)
  return wrong === undefined ? { name } : { problem: `gives ${shownField(name)}, which ${wrong}` }
}

/**
 * Variables by which the system, shells and language runtimes load code, find programs, or find the files
 * that configure them.
 */
const RULING: ReadonlySet<string> = new Set(
  `PATH HOME SHELL ENV IFS PS4 TMPDIR BASH_ENV BASHOPTS SHELLOPTS PROMPT_COMMAND ZDOTDIR
  GCONV_PATH GLIBC_TUNABLES LOCPATH NLSPATH HOSTALIASES XDG_CONFIG_HOME XDG_CONFIG_DIRS
  NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS PERL5LIB PERL5OPT PERL5DB PERLLIB RUBYOPT RUBYLIB
  GEM_HOME GEM_PATH BUNDLE_GEMFILE JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS JAVA_HOME CLASSPATH
  PHPRC PHP_INI_SCAN_DIR LUA_PATH LUA_CPATH LUA_INIT DOTNET_STARTUP_HOOKS CORECLR_PROFILER_PATH
  GIT_SSH GIT_SSH_COMMAND GIT_ASKPASS GIT_EDITOR GIT_PAGER GIT_EXEC_PATH GIT_EXTERNAL_DIFF
  GIT_PROXY_COMMAND GIT_TEMPLATE_DIR GIT_DIR GIT_CONFIG GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM
  GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS GIT_SEQUENCE_EDITOR SSH_ASKPASS SUDO_ASKPASS EDITOR VISUAL PAGER MANPAGER BROWSER LESSOPEN LESSCLOSE
  OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES ERL_FLAGS ERL_AFLAGS ERL_ZFLAGS R_PROFILE R_ENVIRON
  GOFLAGS MAKEFLAGS DOCKER_HOST DOCKER_CONFIG`.split(/\s+/),
)
const RULING_FAMILY = /^(?:LD_|DYLD_|BASH_FUNC_|PYTHON|npm_config_|NPM_CONFIG_|LOCKET_)/

/**
 * Returns true for a variable that no field may choose: who can add a field to an item could run code in the
 * command with it.
 */
export function isRuling(name: string): boolean {
  return RULING.has(name) || RULING_FAMILY.test(name)
}
