import { exec, inject, type Slip } from '../slip.ts'

const AT = 'flag --env A: line 1, column 1'

function inTag(tag: string, exit: number, says: Omit<Slip, 'mistake' | 'run' | 'exit' | 'where'>): Slip {
  return { mistake: `the template ${tag}`, run: exec('-e', `A=${tag}`), exit, where: AT, ...says }
}

/** Mistakes in templates, references and filters. */
export const TEMPLATE_SLIPS: readonly Slip[] = [
  inTag('{{ local://db/password }', 65, {
    what: '{{ local://… has no closing braces',
    why: 'no closing braces',
    fix: 'write {{ reference | filter }}',
  }),
  inTag('{{ local://db/password', 65, {
    what: '{{ local://… has no closing braces',
    why: 'no closing braces',
    fix: 'write {{ reference | filter }}',
  }),
  inTag('{local://db/password}', 0, {
    what: '{local://… stays as it is',
    why: 'a reference needs two braces',
    fix: '{{ }}',
  }),
  {
    ...inTag('${local://db/password}', 0, {
      what: '{local://… stays as it is',
      why: 'a reference needs two braces',
      fix: '{{ }}',
    }),
    where: 'flag --env A: line 1, column 2',
  },
  inTag('{{ secret local://db/password }}', 65, {
    what: 'local:// is in braces that are not a tag',
    why: 'not a tag',
    fix: 'write {{ reference }} or {{ reference | filter }} and nothing else',
  }),
  inTag('{{ local:/db/password }}', 65, {
    what: '"local:/db/password" is malformed',
    why: 'malformed',
    fix: 'expected local://path/to/name',
  }),
  inTag('{{ locla://db/password }}', 65, {
    what: 'no provider has the scheme locla://',
    why: 'no provider has',
    fix: 'did you mean local://?',
  }),
  inTag('{{ awssm://a/b }}', 65, {
    what: 'no provider has the scheme awssm://',
    why: 'no provider has',
    fix: 'did you mean aws-sm://?',
  }),
  inTag('{{ akeyless://a/b }}', 0, {
    what: '{{ akeyless://… is not a reference of a known provider',
    why: 'stays as it is',
    fix: 'a template may hold a mistake',
  }),
  inTag('{{ local://db/password | defualt "x" }}', 65, {
    what: 'there is no filter "defualt"',
    why: 'local://db/password',
    fix: 'did you mean default?',
  }),
  inTag('{{ local://db/password | upper }}', 65, {
    what: 'there is no filter "upper"',
    why: 'there is no filter',
    fix: 'filters are base64, base64decode',
  }),
  inTag('{{ local://db/password | }}', 65, {
    what: 'there is no filter name after |',
    why: 'local://db/password',
    fix: 'write {{ reference | filter }}',
  }),
  inTag('{{ local://db/password | indent "a" }}', 65, {
    what: 'filter indent',
    why: 'takes a whole number',
    fix: 'from 0 to 999',
  }),
  inTag('{{ local://db/password | default }}', 65, {
    what: 'filter default takes one argument',
    why: 'not 0',
    fix: 'takes one argument',
  }),
  inTag('{{ local://db/password | get "a" }}', 65, {
    what: 'filter get: the value is not JSON',
    why: 'not JSON',
    fix: 'leave the filter out for a value that is one text',
  }),
  inTag('{{ local://json | get "B" }}', 65, {
    what: 'there is nothing at "B" in the JSON',
    why: 'there is nothing',
    fix: 'names are exact, case included',
  }),
  inTag('{{ local://db/password | totp }}', 65, {
    what: 'filter totp: the value holds no base32 seed',
    why: 'no base32 seed',
    fix: 'name the field with the otpauth:// address or the seed',
  }),
  inTag('{{ local://db/password | base64decode }}', 65, {
    what: 'filter base64decode: the value is not base64',
    why: 'not base64',
    fix: 'leave the filter out for a plain value',
  }),
  inTag('{{ op://vault/item }}', 65, {
    what: 'op://vault/item has 2 parts',
    why: '2 parts',
    fix: 'expected op://vault/item/[section/]field',
  }),
  inTag('{{ vault://mount/key }}', 65, {
    what: 'vault://mount/key has 2 parts',
    why: '2 parts',
    fix: 'expected bao://mount/path/field',
  }),
  inTag('{{ prod+local://a }}', 65, {
    what: 'prod+local:// is a reference that cannot be read',
    why: 'no provider is named prod',
    fix: 'a table [providers.NAME] of a configuration file gives one',
  }),
  {
    ...inTag('{{ local://db/pasword }}', 66, {
      what: 'there is no such secret',
      why: 'secrets.age',
      fix: 'did you mean db/password?',
    }),
    where: 'local://db/pasword',
  },
  {
    ...inTag('{{ local://zzzzzzzzzzz }}', 66, {
      what: 'there is no such secret',
      why: 'secrets.age',
      fix: '`locket secret set zzzzzzzzzzz`',
    }),
    where: 'local://zzzzzzzzzzz',
  },
  {
    mistake: 'a wrong filter in a file',
    run: inject('--map', 't:o'),
    files: { t: 'a\n  b: {{ local://db/password | trimm }}\n' },
    exit: 65,
    what: 'there is no filter "trimm"',
    where: 'flag --map FOLDER/t: line 2, column 6',
    why: 'local://db/password',
    fix: 'did you mean trim?',
  },
  {
    mistake: 'several mistakes in one file, each on a line of its own',
    run: inject('--map', 't:o'),
    files: { t: '{{ local://a | trimm }}\n{{ local:/b }}\n' },
    exit: 65,
    what: /^locket: 2 errors:\n {2}.*\n {2}.*\n$/,
    where: 'line 2, column 1',
    why: 'malformed',
    fix: 'did you mean trim?',
  },
]
