#!/bin/sh
# What the simulated vCenter starts for each machine that is powered on.
folder=$(dirname "$0")
cd "$folder/../../.." && exec node --require ./host/typescript.cjs test/e2e/vcenter/machine.ts
