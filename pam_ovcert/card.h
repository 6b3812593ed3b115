/* SPDX-License-Identifier: BSD-2-Clause */
/* Card: names the user whom a card belongs to, where the host has no name (a smart-card prompt of GDM). What a card
 * shows proves nothing: the sign-in that follows does. */
#pragma once

#include "pam_ovcert/budget.h"
#include "pam_ovcert/transaction.h"

/* Sets PAM_USER when it is empty, we are root, and the tokens that are there show a certificate of one user; of several
 * users the person chooses the token. PAM_SUCCESS also when there is nobody to name; the conversation's codes. */
int card_name_user(const Transaction *transaction, Budget *bus);
