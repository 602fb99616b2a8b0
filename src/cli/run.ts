import { RENDERING_SECTIONS } from '../config/sections/rendering.ts'
import type { Command } from './define.ts'
import { EXEC, loadExec, runExec } from './exec.ts'

/** The command `locket run`: `locket exec` with the variables of a mapping file. */
export const command: Command = {
  usage: [
    'locket run [FLAGS] -- COMMAND [ARGUMENTS]',
    '',
    'Takes the variables from the mapping file: the first locket.toml, .locket.toml or .keyzero.toml with a table [secrets], from the working directory upwards.',
    'Everything else is as in `locket exec`, with its variables and its table [exec].',
    'VAULT_ADDR, VAULT_NAMESPACE and VAULT_TOKEN are read where BAO_URL and a login are not set.',
  ],
  example: 'locket run --environment production -- node server.js',
  sections: [...Object.values(EXEC), ...RENDERING_SECTIONS],
  takes: 'command',
  run: (context) => runExec(context, loadExec(context, 'always')),
}
