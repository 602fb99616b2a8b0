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
      'variables have exactly their names, without the name of the service before them; from Docker Compose 5.2.0 on',
  }),
  project: field({
    name: 'project-name',
    schema: Text.optional(),
    summary: "the project's name, which Compose tells and nothing depends on",
    placeholder: 'NAME',
    toml: false,
  }),
})

/**
 * The sections of `locket compose` beside those of every command that renders. `locket check` reads services
 * by them too.
 */
export const COMPOSE = {
  environment: environmentSection,
  secrets: variableSecretsSection,
  compose: composeSection,
} as const

/** All sections of `locket compose`, in the order of help and reference. */
export const COMPOSE_SECTIONS: readonly Section[] = [...Object.values(COMPOSE), ...RENDERING_SECTIONS]
