#!/bin/sh
# Maintainers only (needs node and npm): rebuilds static/civic/ and static/VENDOR.json from frontend/.
set -eu
cd "$(dirname "$0")"
npm ci --ignore-scripts --no-audit --no-fund
node build.js "$@"
