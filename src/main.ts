#!/usr/bin/env -S -u NODE_OPTIONS HELD_NODE_OPTIONS=${NODE_OPTIONS} node --disable-sigusr1 --
import { run } from './run.ts'

const [, path = '', ...argv] = process.argv
const { HELD_NODE_OPTIONS: nodeOptions = '' } = process.env
// The first line keeps NODE_OPTIONS from this process. The program that `exec` runs gets it back.
delete process.env['HELD_NODE_OPTIONS']
if (nodeOptions !== '') process.env['NODE_OPTIONS'] = nodeOptions
const { HELD_OPEN_FILES } = process.env
delete process.env['HELD_OPEN_FILES']
const openFiles = /^\d+$/.test(HELD_OPEN_FILES ?? '') ? Number(HELD_OPEN_FILES) : undefined
process.exitCode = await run({ path, argv, env: process.env, openFiles })
