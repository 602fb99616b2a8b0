import { schemaText } from '../../src/cli/mapping/schema.ts'
import { COMMANDS } from '../../src/cli/index.ts'
import { manifest } from './manifest.ts'
import { loadCommands, manPage } from './man-page.ts'
import { readme } from './readme.ts'
import { errorsPage, eventsPage, filtersPage, optionsPage } from './reference.ts'
import { sampleToml } from './sample-toml.ts'

const schema = await schemaText(COMMANDS)
const commands = await loadCommands()

type Files = Readonly<Record<string, () => string>>

export const DOCS: Files = {
  'README.md': readme,
  'docs/reference/options.md': optionsPage,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/events.md': eventsPage,
  'docs/reference/filters.md': filtersPage,
  'docs/reference/locket.schema.json': () => schema,
  'docs/reference/locket.1': () => manPage(commands),
}

export const MANIFEST: Files = { 'config.json': manifest, 'plugin/locket.toml': sampleToml }
