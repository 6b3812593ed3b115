/* SPDX-License-Identifier: BSD-2-Clause */
/* A folder that stands for a machine's root, for the tests of "doctor". */
#pragma once

/* A new folder with etc/pam.d; static text, one at a time. */
const char *pam_root_new(void);
/* Makes an empty file, mode 0644, of this absolute path below it, with its folders; writes one. */
void pam_root_touch(const char *path);
void pam_root_write_path(const char *path, const char *text);
void pam_root_chmod(const char *path, unsigned mode);
/* Writes etc/pam.d/NAME. */
void pam_root_write(const char *name, const char *text);
void pam_root_remove(void);
