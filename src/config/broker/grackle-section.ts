import { parseCidr } from '../../core/broker/addresses.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { field, section } from '../../settings/field.ts'
import { AbsolutePath, Names, Switch } from '../../settings/kinds.ts'

/** Protocols of others that are off unless they are named. */
const Compat = Names.transform((names): readonly 'grackle'[] =>
  names.map((name) => {
    if (name === 'grackle') return name
    throw new LocketError('config', 'must be grackle, which is the only one')
  }),
)

const Networks = Names.transform((names): readonly string[] => {
  if (names.length === 1 && names[0] === 'any') return []
  if (names.length === 0) throw new LocketError('config', 'must have a network, or be any')
  return names.map((name) => {
    const cidr = parseCidr(name)
    if (cidr !== undefined) return cidr
    throw new LocketError('config', 'must be networks like 10.0.0.0/24, or any')
  })
})

/** The settings of grackleclub's protocol. */
export const grackleSection = section('grackle', "locket serve: grackleclub's protocol", {
  compat: field({
    name: 'compat',
    env: 'LOCKET_COMPAT',
    kind: 'list',
    schema: Compat.optional(),
    example: 'grackle',
    summary:
      "grackle answers the clients of grackleclub/locket at /locket of the machines' address; left out: nothing does",
    placeholder: 'NAME',
  }),
  registry: field({
    name: 'grackle-registry',
    env: 'LOCKET_GRACKLE_REGISTRY',
    schema: AbsolutePath.optional(),
    example: '/etc/locket/registry.yml',
    summary: 'the file of their public keys, which is read again when it changes',
    placeholder: 'FILE',
  }),
  networks: field({
    name: 'grackle-network',
    env: 'LOCKET_GRACKLE_NETWORK',
    kind: 'list',
    schema: Networks.optional(),
    example: '10.0.0.0/24',
    summary: 'the networks that they may ask from, or any; left out: 10.0.0.0/24',
    placeholder: 'CIDR',
  }),
  hasRegistryApi: field({
    name: 'grackle-registry-api',
    env: 'LOCKET_GRACKLE_REGISTRY_API',
    schema: Switch,
    default: 'false',
    summary: 'lets the holder of the token in grackle-token add and remove their keys, at /locket/registry',
    placeholder: 'BOOLEAN',
  }),
})
