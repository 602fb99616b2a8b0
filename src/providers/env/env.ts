import { field, section } from '../../settings/field.ts'
import { Switch } from '../../settings/kinds.ts'
import { defineProvider } from '../define.ts'
import { createVariables, parseVariable } from '../lib/variables.ts'

const settings = section('env', 'Environment (env), for development', {
  isOn: field({
    name: 'env-provider',
    env: 'LOCKET_ENV_PROVIDER',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: "let references read locket's own environment, `env://NAME`: for development",
    driverOption: false,
  }),
})

/**
 * The provider `env`: the variables of locket's own process. Their values are as visible as the configuration
 * of the process.
 */
export const env = defineProvider({
  kind: 'env',
  title: 'Environment variables, for development',
  schemes: ['env'],
  autoRefresh: 'never',
  example: 'env://DB_PASSWORD',
  settings,
  // All variables would be those of every other program too, and of locket's own configuration.
  parse: (text, instance) => parseVariable('env', text, instance, { takesAll: false }),
  check: ({ isOn }) =>
    isOn
      ? []
      : ["env-provider (LOCKET_ENV_PROVIDER) is not on, and only locket's own configuration turns it on"],
  open: async (_settings, deps, instance) =>
    createVariables({
      instance,
      where: "locket's environment",
      read: async () =>
        new Map(
          Object.entries(deps.env).flatMap(([name, value]) =>
            value === undefined ? [] : [[name, value] as const],
          ),
        ),
      hiddenNames: deps.hiddenNames,
    }),
  isLocal: true,
})
