import { PROVIDERS } from '../../providers/index.ts'
import { fieldKind, fieldsOf, type EntryKeys, type Field, type Section } from '../../settings/field.ts'
import { flagNames } from '../layers/flags.ts'

/** A JSON schema, or a part of one. */
type JsonSchema = Readonly<Record<string, unknown>>

/** The table of one command. */
interface TableOf {
  readonly name: string
  readonly sections: readonly Section[]
}

/** Every table of a command has the settings of all providers: the schema has each of them once. */
const OF_PROVIDERS: ReadonlySet<Field> = new Set(
  fieldsOf(PROVIDERS.map(({ settings }) => settings)).filter((field) => field.toml !== false),
)
const TEXT = { type: ['string', 'number', 'boolean'] } as const
const ISSUER = {
  type: 'object',
  description: 'an issuer of tokens for workloads of locket serve',
  required: ['url', 'audience'],
  properties: {
    url: { type: 'string' },
    audience: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    algorithms: { type: 'array', items: { type: 'string' } },
    keys: { type: 'string' },
    'ca-cert': { type: 'string' },
    session: { type: 'string' },
  },
  additionalProperties: false,
} as const
const NAMED = { type: 'object', additionalProperties: { type: 'string' } } as const

/**
 * Returns the JSON schema of locket's TOML files, draft 2020-12: the tables of the commands, the providers,
 * and the variables of a mapping file. Editors check and complete a file with it. It describes names and
 * types; `locket check` and `locket mapping validate` know more.
 */
export function configSchema(tables: readonly TableOf[]): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'locket.toml',
    description: 'Settings of locket, and the variables of a mapping file',
    type: 'object',
    properties: {
      ...Object.fromEntries(tables.map(({ name, sections }) => [name, tableSchema(name, sections)])),
      providers: { type: 'object', additionalProperties: providerSchema() },
      issuers: { type: 'object', additionalProperties: ISSUER },
      secrets: { $ref: '#/$defs/variables' },
    },
    // [production.secrets]
    additionalProperties: {
      type: 'object',
      required: ['secrets'],
      properties: { secrets: { $ref: '#/$defs/variables' } },
      additionalProperties: false,
    },
    $defs: { variables: variablesSchema(), ...Object.fromEntries([...OF_PROVIDERS].map(definition)) },
  }
}

function tableSchema(name: string, sections: readonly Section[]): JsonSchema {
  return {
    type: 'object',
    description: `the settings of locket ${name}`,
    properties: properties(fieldsOf(sections)),
    additionalProperties: false,
  }
}

function providerSchema(): JsonSchema {
  const kinds = PROVIDERS.flatMap(({ kind, aliases = [] }) => [kind, ...aliases])
  return {
    type: 'object',
    required: ['kind'],
    properties: { kind: { enum: kinds } },
    oneOf: PROVIDERS.map(({ kind, aliases = [], settings }) => ({
      properties: { kind: { enum: [kind, ...aliases] }, ...properties(fieldsOf([settings])) },
      additionalProperties: false,
    })),
  }
}

/** The variables of `[secrets]`. The pattern is that of `variableNameProblem`. */
function variablesSchema(): JsonSchema {
  const text = { type: 'string', minLength: 1 }
  return {
    type: 'object',
    description: 'variables and their references; a text is a template with {{ REFERENCE }}',
    propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_.-]*$' },
    additionalProperties: {
      oneOf: [
        text,
        {
          type: 'object',
          required: ['ref'],
          properties: {
            provider: text,
            resolver: text,
            ref: text,
            field: text,
            allow_empty: { type: 'boolean' },
            blind: { oneOf: [{ const: false }, blindSchema()] },
          },
          additionalProperties: false,
        },
      ],
    },
  }
}

/** The key `blind` of a variable: see `parseBlindEntry`. */
function blindSchema(): JsonSchema {
  const texts = { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1 }] }
  const isSet = { type: 'boolean' }
  return {
    type: 'object',
    description: 'the HTTPS requests that get the value in blind mode',
    required: ['hosts'],
    properties: {
      hosts: texts,
      methods: texts,
      paths: texts,
      header: texts,
      basic: isSet,
      query: texts,
      body: isSet,
      prefix: { type: 'string' },
      length: { type: 'integer' },
    },
    additionalProperties: false,
  }
}

function properties(fields: readonly Field[]): JsonSchema {
  const settable = fields.filter((field) => field.toml !== false)
  const schemaOf = (field: Field) =>
    OF_PROVIDERS.has(field) ? { $ref: `#/$defs/${field.name}` } : valueOf(field)
  return Object.fromEntries(
    settable.flatMap((field) => flagNames(field).map((name) => [name, schemaOf(field)])),
  )
}

function definition(field: Field): readonly [string, JsonSchema] {
  return [field.name, valueOf(field)]
}

function valueOf(field: Field): JsonSchema {
  const { summary, default: usual, schema } = field
  const about = { description: usual === undefined ? summary : `${summary} (default ${usual})` }
  if (fieldKind(field) === 'list') return { ...about, ...listOf(field) }
  if (fieldKind(field) === 'switch') return { ...about, enum: [true, false, 'true', 'false'] }
  return schema.options.length === 0 ? { ...about, ...TEXT } : { ...about, enum: schema.options }
}

function listOf({ entryKeys, takesNumbers }: Field): JsonSchema {
  const item =
    entryKeys === undefined ? { type: 'string' } : { oneOf: [{ type: 'string' }, entryOf(entryKeys)] }
  const named = takesNumbers
    ? { type: 'object', additionalProperties: { type: ['string', 'number'] } }
    : NAMED
  return { oneOf: [{ type: 'string' }, { type: 'array', items: item }, named] }
}

function entryOf({ needed, optional }: EntryKeys): JsonSchema {
  const values = [
    ...needed.map((key) => [key, { type: 'string' }]),
    ...optional.map((key) => [key, { type: ['string', 'number'] }]),
  ]
  return {
    type: 'object',
    required: needed,
    properties: Object.fromEntries(values),
    additionalProperties: false,
  }
}
