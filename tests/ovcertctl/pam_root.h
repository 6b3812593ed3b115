/* SPDX-License-Identifier: BSD-2-Clause */
/* A root folder of PAM files, for the tests of "doctor". */
#pragma once

/* A new folder with etc/pam.d; static text, one at a time. */
const char *pam_root_new(void);
/* Makes an empty file of this absolute path below it, with its folders. */
void pam_root_touch(const char *path);
/* Writes etc/pam.d/NAME. */
void pam_root_write(const char *name, const char *text);
void pam_root_remove(void);
