#!/usr/bin/env -S node --
import { run } from './run.ts'

const [, path = '', ...argv] = process.argv
process.exitCode = await run({ path, argv, env: process.env })
