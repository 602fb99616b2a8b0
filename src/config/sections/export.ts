import { ENV_FORMATS } from '../../core/text/env-formats/formats.ts'
import { field, section } from '../../settings/field.ts'
import { Choice, Text } from '../../settings/kinds.ts'
import { showField } from './secret.ts'

const [first = '', ...others] = ENV_FORMATS.keys()

/** The settings of `locket export` itself. */
export const exportSection = section('export', 'locket export', {
  format: field({
    name: 'format',
    schema: Choice([first, ...others]),
    default: 'dotenv',
    summary: [...ENV_FORMATS.values()].map(({ name, summary }) => `${name}: ${summary}`).join('; '),
    placeholder: 'FORMAT',
  }),
  output: field({
    name: 'output',
    short: 'o',
    schema: Text.optional(),
    example: '/run/app/app.env',
    summary: 'the file to write, whole or not at all, with mode 0600; left out: standard output',
    placeholder: 'FILE',
  }),
  show: showField,
})
