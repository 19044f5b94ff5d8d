"""An administrator's tools: backups, rotation of keys, the doctor, `/health`, `/ready`, `/metrics`."""
