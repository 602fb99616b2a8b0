import { parseSection, throwProblems, type Problems } from '../config/layers/layers.ts'
import { blindSection, egressSection } from '../config/mapping/blind-section.ts'
import { auditSection } from '../config/sections/log.ts'
import { RENDERING_SECTIONS } from '../config/sections/rendering.ts'
import type { Command } from './define.ts'
import { EXEC, loadExec, runExec } from './exec.ts'

/** The sections that `locket run` has beside those of `locket exec`. */
const BLIND = [blindSection, egressSection, auditSection] as const

/** The command `locket run`: `locket exec` with the variables of a mapping file. */
export const command: Command = {
  usage: [
    'locket run [FLAGS] -- COMMAND [ARGUMENTS]',
    '',
    'Takes the variables from the mapping file: the first locket.toml, .locket.toml or .keyzero.toml with a table [secrets], from the working directory upwards.',
    'Everything else is as in `locket exec`, with its variables and its table [exec].',
    'With --blind the command gets placeholders, and never a value: see the guide on blind mode.',
    'VAULT_ADDR, VAULT_NAMESPACE and VAULT_TOKEN are read where BAO_URL and a login are not set.',
  ],
  example: 'locket run --environment production -- node server.js',
  sections: [...Object.values(EXEC), ...BLIND, ...RENDERING_SECTIONS],
  takes: 'command',
  async run(context) {
    const loaded = loadExec(context, 'always', BLIND)
    const problems: Problems = []
    const { isBlind } = parseSection(blindSection, loaded.layer, problems)
    const egress = parseSection(egressSection, loaded.layer, problems)
    const audit = parseSection(auditSection, loaded.layer, problems)
    throwProblems(problems)
    if (!isBlind) return await runExec(context, loaded)
    const { runBlindCommand } = await import('./blind/run.ts')
    return await runBlindCommand(context, loaded, { egress, audit })
  },
}
