import { RULE_KEYS, type RuleKey, type SwarmRule } from '../../core/volume/swarm/rules.ts'
import { nearest } from '../../core/text/nearest.ts'
import type { Problems } from '../layers/layers.ts'
import { entriesOf, isTable, SWARM_TABLE, type TomlDocument } from '../layers/toml.ts'

/** The list of the table of rules. */
const RULES = 'rules'
const EFFECT = 'effect'
const EFFECTS = ['allow', 'deny'] as const
const LONGEST_PATTERN = 1024
/** Each request is compared with all of them. */
const MOST_RULES = 1000

/**
 * Returns the rules `[[swarm.rules]]` of all configuration files. Adds to `problems` what is wrong. A rule
 * that is wrong is left out: the daemon then refuses everything.
 */
export function swarmRules(documents: readonly TomlDocument[], problems: Problems): readonly SwarmRule[] {
  const rules = documents.flatMap((document) => rulesOf(document, problems))
  if (rules.length > MOST_RULES) problems.push(`[[swarm.rules]]: there are more than ${MOST_RULES} rules`)
  return rules
}

function rulesOf(document: TomlDocument, problems: Problems): readonly SwarmRule[] {
  const entries = entriesOf(document, SWARM_TABLE)
  const rules: SwarmRule[] = []
  for (const [key, { value, at }] of entries) {
    if (key !== RULES) problems.push(`${at()}: there is no setting ${key} of swarm, it has [[swarm.rules]]`)
    else if (!Array.isArray(value) || !value.every(isTable))
      problems.push(`${at()}: rules must be tables, like [[swarm.rules]]`)
    else rules.push(...value.flatMap((table, index) => ruleOf(table, `${at()} rule ${index + 1}`, problems)))
  }
  return rules
}

function ruleOf(
  table: Readonly<Record<string, unknown>>,
  origin: string,
  problems: Problems,
): readonly SwarmRule[] {
  const before = problems.length
  const lists: Partial<Record<RuleKey, readonly string[]>> = {}
  for (const [key, value] of Object.entries(table)) {
    if (key === EFFECT) {
      if (!EFFECTS.some((effect) => effect === value))
        problems.push(`${origin}: effect must be allow or deny`)
      continue
    }
    const known = RULE_KEYS.find((one) => one === key)
    if (known === undefined) {
      const near = nearest(key, [...RULE_KEYS, EFFECT])
      const advice =
        near === undefined ? `it has ${RULE_KEYS.join(', ')} and ${EFFECT}` : `did you mean ${near}?`
      problems.push(`${origin}: a rule has no ${key}, ${advice}`)
    } else if (!isPatterns(value)) {
      problems.push(`${origin}: ${key} must be a list of patterns, like ["shop_*"]`)
    } else lists[known] = value
  }
  if (Object.keys(lists).length === 0)
    problems.push(`${origin}: a rule names at least one of ${RULE_KEYS.join(', ')}; ["*"] is everything`)
  if (problems.length > before) return []
  return [{ ...lists, effect: table[EFFECT] === 'deny' ? 'deny' : 'allow' }]
}

function isPatterns(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => typeof one === 'string' && one !== '' && one.length <= LONGEST_PATTERN)
  )
}
