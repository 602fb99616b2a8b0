import { egressSection, proxySection } from '../config/mapping/blind-section.ts'
import { loadMapping } from '../config/mapping/load-mapping.ts'
import { mappingSection } from '../config/mapping/section.ts'
import { withVaultVariables } from '../config/mapping/vault-variables.ts'
import { loadRendering } from '../config/load-rendering.ts'
import { auditSection } from '../config/sections/log.ts'
import { RENDERING_SECTIONS } from '../config/sections/rendering.ts'
import type { Command } from './define.ts'

const PROXY = {
  proxy: proxySection,
  mapping: mappingSection,
  egress: egressSection,
  audit: auditSection,
} as const

/** The command `locket proxy`: the proxy of blind mode for other containers. */
export const command: Command = {
  usage: [
    'locket proxy [FLAGS]',
    '',
    'Writes placeholders and the certificate of the proxy into a folder that it shares with other containers.',
    'Takes the secrets and their bindings from the mapping file, as `locket run --blind` does.',
  ],
  example: 'locket proxy --proxy-listen 0.0.0.0:7470 --proxy-name proxy:7470 --placeholders /blind',
  sections: [...Object.values(PROXY), ...RENDERING_SECTIONS],
  async run(context) {
    const { name, argv, isRoot, uid, cwd, tables } = context
    const env = withVaultVariables(context.env)
    const loaded = loadRendering({
      name,
      sections: PROXY,
      argv,
      env,
      isRoot,
      tables,
      map: ({ mapping }, problems) =>
        loadMapping(mapping, { isMapped: 'always', by: { cwd, uid }, tables }, problems),
    })
    const { runProxy } = await import('./blind/proxy.ts')
    return await runProxy({ ...context, env }, loaded)
  },
}
