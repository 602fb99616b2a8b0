import type { Section } from '../settings/field.ts'
import { mappingAddSection, mappingSection } from '../config/mapping/section.ts'
import { RENDERING_SECTIONS } from '../config/sections/rendering.ts'
import { nearest } from '../core/text/nearest.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import type { Action, Command, CommandContext } from './define.ts'

interface MappingAction extends Action {
  run(context: CommandContext): Promise<number>
}

const ACTIONS: ReadonlyMap<string, MappingAction> = new Map([
  ['add', action([mappingAddSection], async (context) => (await import('./mapping/add.ts')).add(context))],
  ['list', action([], async (context) => (await import('./mapping/show.ts')).list(context))],
  ['validate', action([], async (context) => (await import('./mapping/show.ts')).validate(context))],
  ['status', action([], async (context) => (await import('./mapping/show.ts')).status(context))],
  [
    'schema',
    {
      sections: [],
      async run({ argv, commands, stdout }) {
        const [surplus] = argv
        if (surplus !== undefined) throw new LocketError('usage', 'locket mapping schema takes no arguments')
        stdout.write(await (await import('./mapping/schema.ts')).schemaText(commands))
        return 0
      },
    },
  ],
])

/** The command `locket mapping`, which has commands of its own, such as `add`. */
export const command: Command = {
  usage: [
    'locket mapping add NAME REFERENCE [--environment NAME] [--local]   makes locket.toml if there is none',
    'locket mapping list [--environment NAME]                           each variable and its template',
    'locket mapping validate                                            all environments, no provider is asked',
    'locket mapping status [--environment NAME]                         asks for each value, and shows none',
    'locket mapping schema                                              the JSON schema of locket.toml, for editors',
  ],
  example: 'locket mapping add DB_PASSWORD local://db/password',
  sections: [mappingAddSection, mappingSection, ...RENDERING_SECTIONS],
  actions: ACTIONS,
  async run(context) {
    const [name = '', ...argv] = context.argv
    const chosen = ACTIONS.get(name)
    if (chosen === undefined) throw unknownAction(name)
    return await chosen.run({ ...context, argv })
  },
}

function action(own: readonly Section[], run: MappingAction['run']): MappingAction {
  return { sections: [...own, mappingSection, ...RENDERING_SECTIONS], run }
}

/** Words of other programs for the actions. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  set: 'add',
  init: 'add',
  ls: 'list',
  show: 'list',
  check: 'validate',
  test: 'status',
}

function unknownAction(name: string): LocketError {
  const meant = Object.hasOwn(OTHER_WORDS, name) ? OTHER_WORDS[name] : nearest(name, ACTIONS.keys())
  return new LocketError('usage', `locket mapping takes one of ${[...ACTIONS.keys()].join(', ')}`, {
    hint: meant === undefined ? '`locket mapping --help` tells more' : `did you mean ${meant}?`,
  })
}
