import { createRef } from '../../core/vocabulary/ref.ts'
import { defineProvider } from '../define.ts'
import { AWS_FILES, awsProblems } from '../lib/aws/settings.ts'
import { formatParameter, parseParameter } from './refs.ts'
import { awsSsmSettings } from './settings.ts'

/** The provider `aws-ssm`: the Parameter Store of AWS Systems Manager. */
export const awsSsm = defineProvider({
  kind: 'aws-ssm',
  title: 'AWS Systems Manager Parameter Store',
  schemes: ['aws-ssm'],
  autoRefresh: { everyMs: 300_000 },
  example: 'aws-ssm:///prod/db/password',
  settings: awsSsmSettings,
  parse(text, instance) {
    const parameter = parseParameter(text)
    if (parameter === undefined) return undefined
    const { isAll, isFolder } = parameter
    return createRef(instance, formatParameter(parameter), text, {
      isAll: isAll === true || isFolder === true,
    })
  },
  check: awsProblems,
  ownFiles: () => AWS_FILES,
  open: async (given, deps, instance) => (await import('./open.ts')).openAwsSsm(given, deps, instance),
})
