import { field, section, type Section } from '../../settings/field.ts'
import { Switch, Text } from '../../settings/kinds.ts'
import { environmentSection, variableSecretsSection } from './environment.ts'
import { RENDERING_SECTIONS } from './rendering.ts'

const composeSection = section('compose', 'Provider service', {
  raw: field({
    name: 'raw',
    env: 'LOCKET_RAW',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary:
      'set variables by their exact names, without the name of the service before them; needs Docker Compose 5.2.0 or newer',
  }),
  project: field({
    name: 'project-name',
    schema: Text.optional(),
    summary: "the project's name, which Compose passes; it has no effect",
    placeholder: 'NAME',
    toml: false,
  }),
})

/**
 * The sections of `locket compose`, without those that every command that renders has. `locket check` also
 * reads provider services with them.
 */
export const COMPOSE = {
  environment: environmentSection,
  secrets: variableSecretsSection,
  compose: composeSection,
} as const

/** All sections of `locket compose`, in the order of help and reference. */
export const COMPOSE_SECTIONS: readonly Section[] = [...Object.values(COMPOSE), ...RENDERING_SECTIONS]
