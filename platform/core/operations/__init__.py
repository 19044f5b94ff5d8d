"""What an administrator runs and watches: backups, rotation of keys, the doctor, `/health`, `/ready`, `/metrics`."""
