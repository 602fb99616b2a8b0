import { readSecretLabels } from '../../core/volume/swarm/labels.ts'
import type { SwarmRule } from '../../core/volume/swarm/rules.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import { routeReferences } from '../../providers/route.ts'
import type { SettingsOf } from '../../settings/field.ts'
import { mergeLayers, throwProblems, type Layer, type Problems } from '../layers/layers.ts'
import type { swarmSection } from '../sections/daemon.ts'
import { providerSection } from '../sections/rendering.ts'
import type { SwarmConfig } from './volume-config.ts'
import { parseChosen } from './volume-options.ts'

/** The daemon's settings, as far as Swarm secrets need them. */
interface SwarmDefaults {
  readonly settings: SettingsOf<typeof swarmSection>
  readonly rules: readonly SwarmRule[]
  readonly layer: Layer
  readonly providers: readonly ProviderInstance[]
}

/**
 * Makes the configuration of Swarm secrets. A label chooses among the operator's providers and changes
 * nothing of them.
 */
export function swarmConfig({ settings, rules, layer, providers }: SwarmDefaults): SwarmConfig {
  return {
    ...settings,
    rules,
    secretConfig(labels) {
      const { text, origin, provider } = readSecretLabels(labels)
      const chosen = chosenBy(provider, layer, providers)
      return {
        text,
        origin,
        key: `${chosen ?? ''}\0${text}`,
        providers,
        parseRef: routeReferences(providers, chosen),
      }
    },
  }
}

function chosenBy(
  provider: string | undefined,
  layer: Layer,
  providers: readonly ProviderInstance[],
): string | undefined {
  const problems: Problems = []
  const { name } = providerSection.fields.provider
  const label = new Map(
    provider === undefined ? [] : [[name, { value: provider, origin: 'label locket.provider' }]],
  )
  const chosen = parseChosen(mergeLayers({ 'driver option': label, default: layer }), providers, problems)
  throwProblems(problems)
  return chosen
}
