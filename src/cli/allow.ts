import { loadCommand } from '../config/load.ts'
import { folderMappingSection } from '../config/mapping/section.ts'
import { onOneLine } from '../core/vocabulary/errors.ts'
import type { Command } from './define.ts'
import { loadFolder } from './hook/load.ts'
import { chosenMapping, keepVerdict } from './hook/verdict.ts'

const SECTIONS = { mapping: folderMappingSection } as const

/** The command `locket allow`: the content that the file has now may set variables in its folder. */
export const command: Command = {
  usage: [
    'locket allow [FOLDER | FILE]',
    '',
    'Lets the hook of your shell use the mapping file of this folder, with the content that it has now. Read',
    'the file first: it decides which servers get your credentials. A change has to be allowed again. Called',
    'again, it makes the hook ask the providers again.',
  ],
  example: 'locket allow',
  sections: Object.values(SECTIONS),
  takes: 'files',
  async run(context) {
    const { argv, env, isRoot, stderr, calledAt } = context
    const request = { name: 'allow', sections: SECTIONS, argv, env, isRoot, positionals: ['[PATH]'] }
    const { settings, positionals } = loadCommand(request)
    const found = chosenMapping(positionals[0], context)
    const { environment } = settings.mapping
    const { files } = found
    const { mapping } = loadFolder(context, { name: 'allow', sections: {}, argv: [], files, environment })
    await keepVerdict(found, 'allowed', calledAt)
    const names = (mapping?.entries ?? []).map(({ name }) => name).join(', ')
    stderr.write(`allowed ${onOneLine(found.path)}: ${names === '' ? 'no variables' : names}\n`)
    return 0
  },
}
