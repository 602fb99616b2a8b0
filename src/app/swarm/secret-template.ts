import type { SwarmSecretConfig } from '../../config/volume/volume-config.ts'
import { parseTemplate } from '../../core/template/parse.ts'
import type { Template } from '../../core/template/template.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'

/** A template that was parsed, and what its references need. */
export interface SwarmTemplate extends SwarmSecretConfig {
  readonly template: Template
}

const MOST_REFERENCES = 100

/** Parses the template of a Swarm secret. Throws when it cannot be the content of one file. */
export function parseSecretTemplate(config: SwarmSecretConfig): SwarmTemplate {
  const { text, origin, parseRef } = config
  const facts = { origin }
  const template = parseTemplate(new TextEncoder().encode(text), parseRef, origin)
  const { refs } = template
  if (refs.length === 0)
    throw new LocketError('config', 'has no reference to a secret', {
      facts,
      hint: 'write a reference such as op://vault/item/field, or a text with {{ references }}',
    })
  if (refs.length > MOST_REFERENCES)
    throw new LocketError('too_large', `has more than ${MOST_REFERENCES} references`, { facts })
  const all = refs.find(({ isAll }) => isAll)
  if (all !== undefined)
    throw new LocketError('config', `${all.text} gives several values, and a Swarm secret is one file`, {
      facts,
      hint: 'make a Swarm secret for each, or use a volume of locket',
    })
  return { ...config, template }
}
