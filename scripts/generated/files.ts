import { manifest } from './manifest.ts'
import { readme } from './readme.ts'
import { errorsPage, eventsPage, filtersPage, optionsPage } from './reference.ts'
import { sampleToml } from './sample-toml.ts'

type Files = Readonly<Record<string, () => string>>

export const DOCS: Files = {
  'README.md': readme,
  'docs/reference/options.md': optionsPage,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/events.md': eventsPage,
  'docs/reference/filters.md': filtersPage,
}

export const MANIFEST: Files = { 'config.json': manifest, 'plugin/locket.toml': sampleToml }
