import { nearest } from '../../text/nearest.ts'
import { LocketError } from '../../vocabulary/errors.ts'

/** The template of a Swarm secret, as its labels have it. */
export interface SecretLabels {
  /** A template or a bare reference. */
  readonly text: string
  /** The label that holds it, for messages. */
  readonly origin: string
  /** The value of `locket.provider`. */
  readonly provider: string | undefined
}

const PREFIX = 'locket.'
/** Two names for one label. */
const TEMPLATE_LABELS = ['locket.secret', 'locket.ref'] as const
const PROVIDER_LABEL = 'locket.provider'
const KNOWN: readonly string[] = [...TEMPLATE_LABELS, PROVIDER_LABEL]

/** The label of a service that lets `locket swarm rotate` redeploy it. */
export const ROTATE_LABEL = 'locket.rotate'

/** Words of the service's own syntax for secrets, and where they belong. */
const AT_THE_SERVICE: ReadonlyMap<string, string> = new Map([
  ...['mode', 'uid', 'gid', 'target', 'user', 'owner'].map(
    (word) =>
      [
        `${PREFIX}${word}`,
        'set it where the service names the secret, like --secret source=NAME,target=FILE,mode=0400',
      ] as const,
  ),
  [ROTATE_LABEL, 'set it as a label of the service'],
])

/** Longest template in a label, in characters. */
const LONGEST_TEMPLATE = 65_536

const EXAMPLE = "docker secret create -d locket -l locket.secret='{{ op://vault/item/field }}' NAME"

/**
 * Reads the labels of a Swarm secret. Labels without the prefix `locket.` belong to others and are left
 * alone. Throws `config` for a wrong one, and when there is no template. No message repeats the template.
 */
export function readSecretLabels(labels: Readonly<Record<string, string>>): SecretLabels {
  for (const name of Object.keys(labels)) {
    if (!name.startsWith(PREFIX) || KNOWN.includes(name)) continue
    const place = AT_THE_SERVICE.get(name)
    const near = nearest(name, KNOWN)
    const advice = place ?? (near === undefined ? `labels are ${KNOWN.join(', ')}` : `did you mean ${near}?`)
    throw new LocketError('config', `${shown(name)} is not a label of a Swarm secret`, { hint: advice })
  }
  const given = TEMPLATE_LABELS.filter((name) => Object.hasOwn(labels, name))
  const [origin, second] = given
  if (origin === undefined)
    throw new LocketError('config', 'the Swarm secret has no label locket.secret', { hint: EXAMPLE })
  if (second !== undefined)
    throw new LocketError('config', `the labels ${given.join(' and ')} are one label: keep one of them`)
  const text = labels[origin] ?? ''
  if (text.length > LONGEST_TEMPLATE)
    throw new LocketError('too_large', `has more than ${LONGEST_TEMPLATE} characters`, {
      facts: { origin: `label ${origin}` },
    })
  const provider = Object.hasOwn(labels, PROVIDER_LABEL) ? labels[PROVIDER_LABEL] : undefined
  return { text, origin: `label ${origin}`, provider }
}

const LONGEST_SHOWN = 80

function shown(name: string): string {
  return name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}…` : name
}
