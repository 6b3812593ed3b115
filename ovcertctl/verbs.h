/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of ovcertctl, one function each, for the table in main.c. Operands are those behind the verb, as many as
 * the table allows. Each returns an ExitStatus, having said everything. */
#pragma once

#include "ovcertctl/tool.h"

typedef int (*VerbFunction)(Tool *tool, char **operands, size_t n_operands);

int verb_status(Tool *tool, char **operands, size_t n_operands);
int verb_renew(Tool *tool, char **operands, size_t n_operands);
int verb_unlink(Tool *tool, char **operands, size_t n_operands);
int verb_confirm(Tool *tool, char **operands, size_t n_operands);
int verb_cancel(Tool *tool, char **operands, size_t n_operands);
int verb_assign(Tool *tool, char **operands, size_t n_operands);
int verb_check(Tool *tool, char **operands, size_t n_operands);
int verb_verify(Tool *tool, char **operands, size_t n_operands);
int verb_find(Tool *tool, char **operands, size_t n_operands);
int verb_explain(Tool *tool, char **operands, size_t n_operands);
int verb_credentials(Tool *tool, char **operands, size_t n_operands);
int verb_block(Tool *tool, char **operands, size_t n_operands);
int verb_unblock(Tool *tool, char **operands, size_t n_operands);
int verb_unbar(Tool *tool, char **operands, size_t n_operands);
int verb_list(Tool *tool, char **operands, size_t n_operands);
int verb_profile_create(Tool *tool, char **operands, size_t n_operands);
int verb_profile_show(Tool *tool, char **operands, size_t n_operands);
int verb_profile_delete(Tool *tool, char **operands, size_t n_operands);
int verb_doctor(Tool *tool, char **operands, size_t n_operands);
int verb_setup(Tool *tool, char **operands, size_t n_operands);
int verb_ssh_keys(Tool *tool, char **operands, size_t n_operands);
int verb_trust_list(Tool *tool, char **operands, size_t n_operands);
int verb_trust_add(Tool *tool, char **operands, size_t n_operands);
int verb_trust_remove(Tool *tool, char **operands, size_t n_operands);
int verb_backup(Tool *tool, char **operands, size_t n_operands);
int verb_restore(Tool *tool, char **operands, size_t n_operands);
int verb_log(Tool *tool, char **operands, size_t n_operands);
