import { asks } from '../asks.ts'
import { exec, inject, TAG, type Slip } from '../slip.ts'

function check(
  mistake: string,
  given: Pick<Slip, 'files' | 'input'> & { readonly words?: readonly string[] },
  says: Omit<Slip, 'mistake' | 'run'>,
): Slip {
  const { words = ['compose.yaml'], ...setting } = given
  return { mistake, run: ['check', '--offline', ...words], ...setting, ...says }
}

function volume(driver: string, ...options: readonly string[]): string {
  const lines = options.map((line) => `      ${line}\n`).join('')
  return `volumes:\n  s:\n    driver: ${driver}\n    driver_opts:\n${lines}`
}

/** Mistakes that nothing would tell but `check` or a warning, and those that must not be waited for. */
export const CHECK_SLIPS: readonly Slip[] = [
  check(
    'a check in a folder without a compose file',
    { words: [] },
    {
      exit: 78,
      what: 'there is nothing to check',
      where: 'here',
      why: 'there is no compose.yaml',
      fix: 'name a compose file, a template, or a configuration file with --config',
    },
  ),
  check(
    'a check of a folder without a compose file',
    { words: ['.'] },
    {
      exit: 74,
      what: 'there is no compose.yaml',
      where: 'in the folder',
      why: 'there is no',
      fix: 'if it has another name, name the file itself',
    },
  ),
  check(
    'a driver whose name is nearly locket',
    { files: { 'compose.yaml': volume('locked', `secret.a: "${TAG}"`) } },
    {
      exit: 78,
      what: 'driver locked',
      where: 'compose.yaml: volume s',
      why: 'is not locket',
      fix: 'did you mean locket?',
    },
  ),
  check(
    'a compose file that has nothing of locket',
    { files: { 'compose.yaml': 'services:\n  a:\n    image: b\n' } },
    {
      exit: 78,
      what: 'it has no volume with driver: locket',
      where: 'compose.yaml',
      why: 'no service with provider type: locket',
      fix: '--driver NAME tells another name of the driver',
    },
  ),
  check(
    'a compose file from standard input that is not YAML',
    { words: ['-'], input: 'services: {\n' },
    {
      exit: 78,
      what: 'not valid YAML',
      where: /standard input: line \d, column \d/,
      why: 'bad indent',
      fix: 'bad indent',
    },
  ),
  check(
    'braces that were forgotten',
    { files: { 'compose.yaml': volume('locket', 'secret.a: db/password') } },
    {
      exit: 0,
      what: 'the text is written as it is',
      where: 'compose.yaml: warning: volume s',
      why: 'no reference',
      fix: 'is {{ reference }} meant?',
    },
  ),
  check(
    'a warning with --strict',
    {
      words: ['--strict', 'compose.yaml'],
      files: { 'compose.yaml': volume('locket', 'secret.a: db/password') },
    },
    {
      exit: 78,
      what: '1 warning (not ok with --strict)',
      where: 'volume s',
      why: 'not ok',
      fix: 'is {{ reference }} meant?',
    },
  ),
  check(
    'a wrong option and a wrong filter, both in one report',
    {
      files: {
        'compose.yaml': volume('locket', 'siez: 1M', 'secret.a: "{{ local://db/password | trimm }}"'),
      },
    },
    {
      exit: 78,
      what: /option siez is not known.*\n.*there is no filter "trimm"/,
      where: /volume s: driver option secret\.a: line 1, column 1/,
      why: 'is not known',
      fix: 'did you mean size?',
    },
  ),
  check(
    'two secrets in one text of a provider service',
    {
      files: {
        'compose.yaml': `services:\n  v:\n    provider:\n      type: locket\n      options:\n        secrets: "a=${TAG},b=${TAG}"\n`,
      },
    },
    {
      exit: 0,
      what: 'a comma and another NAME=TEMPLATE follow',
      where: 'compose.yaml: warning: service v: option secrets a',
      why: 'are part of the value',
      fix: 'write a list with one entry on each line',
    },
  ),
  {
    mistake: 'a provider service without variables, before Docker Compose 5.6',
    run: ['compose', '--project-name', 'p', 'up', 'v'],
    exit: 64,
    what: 'no variable to set',
    where: 'service v',
    why: 'no variable',
    fix: 'the environment: of the service counts with Docker Compose 5.6.0 or newer',
  },
  {
    mistake: 'a token file whose path is misspelled, with exec',
    run: exec(
      '--connect-host',
      'http://127.0.0.1:9',
      '--connect-token',
      'file:/no/t',
      '-e',
      'A={{ op://v/i/f }}',
    ),
    exit: 69,
    what: 'op://v/i/f',
    where: 'connect-token in /no/t',
    why: 'there is no such file',
    fix: 'the user that runs locket must be able to read it',
  },
  {
    mistake: 'no secret is stored yet, with exec',
    run: exec('-e', `A=${TAG}`),
    env: { LOCKET_LOCAL_FILE: 'FOLDER/none.age' },
    exit: 69,
    what: 'local://db/password',
    where: 'FOLDER/none.age',
    why: 'is not there',
    fix: '`locket secret set` makes it',
  },
  {
    mistake: 'a reference in a variable of the environment',
    run: exec('-e', `A=${TAG}`),
    env: { DB: 'local://db/password' },
    exit: 0,
    what: 'variables of the environment hold references',
    where: 'variables=DB',
    why: 'passed on unchanged',
    fix: '--resolve-env resolves them',
  },
  {
    mistake: 'two templates from standard input',
    run: inject('--map', '-:a', '--map', '-:b'),
    input: TAG,
    exit: 78,
    what: 'standard input',
    where: 'flag --map',
    why: 'can be the source of one map only',
    fix: 'one map only',
  },
  asks(
    'connect',
    'op-connect: a misspelled vault',
    { reference: 'op://Prdo/app/key' },
    {
      exit: 66,
      what: 'no vault "Prdo"',
      where: 't.tmpl',
      why: 'that this token may read',
      fix: 'did you mean Prod?',
    },
  ),
  asks(
    'connect',
    'op-connect: a misspelled item',
    { reference: 'op://Prod/ap/key' },
    { exit: 66, what: 'no item "ap"', where: 't.tmpl', why: 'in vault "Prod"', fix: 'did you mean app?' },
  ),
  asks(
    'connect',
    'op-connect: a misspelled field',
    { reference: 'op://Prod/app/kye' },
    {
      exit: 66,
      what: 'no field or file "kye"',
      where: 't.tmpl',
      why: 'in item "app"',
      fix: 'did you mean key?',
    },
  ),
  asks(
    'connect',
    'op-connect: a field that is like no other',
    { reference: 'op://Prod/app/zzzzzzz' },
    { exit: 66, what: 'no field or file "zzzzzzz"', where: 't.tmpl', why: 'in item "app"', fix: 'key' },
  ),
  asks(
    'bao',
    'bao: a misspelled path',
    { reference: 'bao://secret/ap/key' },
    {
      exit: 66,
      what: 'has nothing at secret/ap',
      where: 't.tmpl',
      why: 'nothing',
      fix: '`bao kv list secret`',
    },
  ),
  asks(
    'bao',
    'bao: a misspelled field',
    { reference: 'bao://secret/app/kye' },
    { exit: 66, what: 'no field "kye"', where: 't.tmpl', why: 'at secret/app', fix: 'did you mean key?' },
  ),
  asks(
    'infisical',
    'infisical: a misspelled key',
    { reference: 'infisical:///KYE' },
    { exit: 66, what: 'no secret "KYE"', where: 't.tmpl', why: 'in folder /', fix: 'did you mean KEY?' },
  ),
  asks(
    'infisical',
    'infisical: a misspelled environment',
    { reference: 'infisical:///KEY?env=dve' },
    {
      exit: 66,
      what: 'no folder /',
      where: 't.tmpl',
      why: 'of environment dve',
      fix: 'correct path=, or env=',
    },
  ),
]
