import { field, section, type Section } from '../../settings/field.ts'
import { VOLUME_SECTIONS, volumeSection } from '../sections/volume.ts'
import { Duration, Switch, Text } from '../../settings/kinds.ts'

/** The settings of `locket swarm rotate`. */
export const rotateSection = section('rotate', 'locket swarm rotate', {
  watch: field({
    name: 'watch',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'look again and again, until it is stopped; only the manager that leads does the work',
  }),
  intervalMs: field({
    name: 'interval',
    schema: Duration.refine((ms) => ms >= 5000, 'must be at least 5s'),
    default: '1m',
    summary: 'the time between two looks with --watch',
    placeholder: 'DURATION',
  }),
  dryRun: field({
    name: 'dry-run',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'only show which services would be redeployed',
  }),
  driver: field({
    name: 'driver',
    schema: Text,
    default: 'locket',
    summary: 'the name of the secret driver, which is the alias of the plugin',
    placeholder: 'NAME',
  }),
})

/** The sections of the daemon whose flags the command takes too. A volume has a `--watch` of its own. */
export const ROTATE_DAEMON_SECTIONS: readonly Section[] = VOLUME_SECTIONS.filter(
  (one) => one !== volumeSection,
)
