"""Sentences for what the commands of the installation refuse."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from engage.web.refusals import register_refusals

register_refusals(
    {
        "settings_incomplete": _l(
            "The setting %(name)s is missing. Set this environment variable, or unset DATABASE_URL and REDIS_URL to use the embedded servers."
        ),
        "settings_invalid": _l("A setting can't be read: %(detail)s"),
        "keys_missing": _l(
            "The key file %(path)s is missing, but this database was written with keys. Put the key file back; without it nothing can be read."
        ),
        "keys_unreadable": _l("The key file %(path)s can't be read (%(detail)s). Put back the copy you keep in a safe place."),
        "keys_unwritable": _l("The key file %(path)s can't be written (%(detail)s). Choose a folder this user may write to."),
        "keys_exposed": _l("Others on this machine may read the key file %(path)s. Set its mode to 0600."),
        "keys_incomplete": _l("The key file has no key for “%(purpose)s”. Put back the complete key file."),
        "keys_do_not_fit": _l("Stored data can't be opened with these keys. Put back the key file this database was written with."),
        "key_unknown": _l("There is no key “%(purpose)s” to rotate. The keys are: %(known)s."),
        "rotation_running": _l("A rotation of keys is running already. Wait until it is done."),
        "rotation_unfinished": _l("The rotation of the key “%(purpose)s” was interrupted. Finish it first: “engage rotate-keys %(purpose)s”."),
        "rotation_waits": _l("Lists were being imported all the time, so the new key could not be switched to. Give the same command again later; it goes on where it stopped."),
        "migration_needed": _l("The database has the tables of another release. Run “engage migrate” first."),
        "restore_unfinished": _l("A backup is being restored into this database, or its restore was interrupted. Give “engage restore” again with the same backup."),
        "restore_not_empty": _l("The database is not empty. Restore into a new, empty database: nothing that exists is ever overwritten."),
        "restore_server_older": _l("The backup is from PostgreSQL %(wanted)s, this server is version %(found)s. Restore into that version or a newer one."),
        "restore_migration_unknown": _l("The backup was made by a newer release (its tables are at %(migration)s). Install that release first."),
        "restore_other_backup": _l("Another backup (of %(taken_at)s) was being restored into this database. Finish that one, or make a new, empty database."),
        "restore_keys_missing": _l(
            "The key file %(path)s is missing. A backup holds no keys: put the key file of the installation it is from in this place, then restore."
        ),
        "backup_exists": _l("There is something at %(path)s already. Choose another name: a backup never replaces a file."),
        "backup_unreadable": _l("The backup %(path)s can't be read (%(detail)s). Check the path, or take another copy."),
        "backup_newer": _l("The backup was made by a newer release than this one. Install that release first."),
        "backup_changed": _l("The backup is damaged or was changed: “%(name)s” is not what was written. Take another copy."),
        "postgres_tool_missing": _l("The program %(name)s of PostgreSQL %(version)s or newer was not found. Install PostgreSQL's client programs of that version."),
        "postgres_tool_failed": _l("%(name)s failed: %(detail)s"),
        "queue_unknown": _l("There is no queue called %(name)s. The queues are: %(known)s."),
        "port_in_use": _l("Port %(port)s is in use by another program. Choose another one with --port."),
        "already_running": _l(
            "Engage is already running on the data folder %(path)s. Stop it first, or choose another folder with --data."
        ),
        "instance_unreadable": _l("The file %(path)s is damaged. Delete it and start again; no data is in it."),
        "demo_only_in_demo": _l("Demo data is loaded only into a demo installation (ENGAGE_ENV=demo)."),
        "demo_with_real_gateway": _l("Demo data is not loaded beside a real gateway: its numbers are made up, but somebody has them. Start with --no-demo, or unset KAVENEGAR_API_KEY."),
        "folder_not_empty": _l("The folder %(path)s is not empty. Choose an empty one with --out."),
        "folder_not_writable": _l("The folder %(path)s can't be written (%(detail)s). Choose another one."),
        "input_unreadable": _l("The file “%(name)s” can't be read (%(detail)s). Check the path and the file."),
        "ballots_too_large": _l("The ballot file is larger than %(most)s MB."),
        "ballots_malformed": _l("The ballot file is not in the Pabulib format: see %(detail)s."),
        "parts_did_not_start": _l("The web pages did not answer in time; the reason is in the logs in %(path)s."),
        "rehearsal_stuck": _l("The rehearsal made no progress for %(seconds)s seconds and was stopped; see the logs in its data folder."),
        "survey_unplayable": _l(
            "No answer to the question “%(question)s” was found that meets its own conditions, so nobody could finish this survey. Mend them, or don't require an answer."
        ),
        "too_many_answers": _l("%(wanted)s answers were asked for, but only %(invited)s people were invited."),
    }
)
