import { checkPolicy, isGoodPolicy, policyJson, policyText } from '../../app/policy/check-policy.ts'
import { readPolicyFile } from '../../config/broker/policy-file.ts'
import { grackleSection } from '../../config/broker/grackle-section.ts'
import { serveCheckSection, serveSection } from '../../config/broker/serve-section.ts'
import { loadRendering } from '../../config/load-rendering.ts'
import { ERROR_KINDS, LocketError } from '../../core/vocabulary/errors.ts'
import type { CommandContext } from '../define.ts'

const SECTIONS = { serve: serveSection, grackle: grackleSection, check: serveCheckSection } as const

/** Runs `locket serve check`. Returns 0 when all examples are as expected, and 78 otherwise. */
export async function checkServe(context: CommandContext): Promise<number> {
  const { argv, env, isRoot, tables, stdout, calledAt } = context
  const { settings, positionals } = loadRendering({
    name: 'serve check',
    table: 'serve',
    sections: SECTIONS,
    argv: argv.slice(1),
    positionals: ['[FILE]'],
    env,
    isRoot,
    tables,
  })
  const path = positionals[0] ?? settings.serve.policyFile
  if (path === undefined)
    throw new LocketError('usage', 'there is no policy to check', {
      hint: 'name the file, or set --policy-file',
    })
  const { openPolicyCheck } = await import('../../wire-broker/policy.ts')
  const { read, compile } = openPolicyCheck()
  const file = readPolicyFile(path, new TextDecoder().decode(await read(path)), calledAt)
  const report = checkPolicy(file, await compile(file))
  stdout.write(settings.check.format === 'json' ? policyJson(report) : policyText(report))
  return isGoodPolicy(report) ? 0 : ERROR_KINDS.config.exit
}
