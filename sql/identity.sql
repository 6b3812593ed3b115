-- One row: whether the file says that it is ours, and the number of its newest migration.
SELECT application_id = 1870029669, user_version FROM pragma_application_id, pragma_user_version;
